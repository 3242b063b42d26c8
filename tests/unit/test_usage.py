"""Arguments as a whole: what is said of those that no command takes."""

import pytest

from ringrun.usage import Parser, UsageError, check_command, joined, unknown_arguments

COMMANDS = ("run", "slave", "verify")


def parser() -> Parser:
    """`ringrun run` with two flags."""
    made = Parser(prog="ringrun run", allow_abbrev=False)
    made.add_argument("--nodes")
    made.add_argument("--quiet", action="store_true")
    return made


@pytest.mark.parametrize("line", ["run", "run x", "--help", "-h run", ""])
def test_a_command_or_a_flag_may_come_first(line: str) -> None:
    """Nothing at all is told apart later, with what else was given."""
    check_command(line.split(), COMMANDS)


@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("rn", 'got "rn"; did you mean run?'),
        ("VERIFY", 'got "VERIFY"; did you mean verify?'),
        ("x", 'got "x"'),
        ("", 'got ""'),
    ],
)
def test_what_is_no_command_is_told_with_all_that_are(word: str, end: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_command([word, "--nodes", "4"], COMMANDS)
    assert str(caught.value) == f"ringrun: command must be one of run, slave, verify, {end}"


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("run --send -2s", "run --send=-2s"),
        ("run --run-dir -.5 x", "run --run-dir=-.5 x"),
        ("run --send 2s", "run --send 2s"),
        ("run --send --nodes", "run --send --nodes"),
        ("run --send -x", "run --send -x"),
        ("master h 1 -2 -3", "master h 1 -2 -3"),
        ("run --send=1s -2", "run --send=1s -2"),
        ("run --send -1 -2", "run --send=-1 -2"),
        ("-2s", "-2s"),
        ("", ""),
    ],
)
def test_a_negative_value_belongs_to_the_flag_before_it(line: str, after: str) -> None:
    """argparse would take it for a flag; positional ones stay where they are."""
    assert joined(line.split()) == after.split()


def test_every_unknown_argument_has_its_line() -> None:
    """Flags without their value, since that is not what is wrong."""
    assert unknown_arguments(["--nods=3", "--quit", "b.yaml", "--xyz"], parser()).splitlines() == [
        "ringrun run: --nods is unknown; did you mean --nodes?",
        "ringrun run: --quit is unknown; did you mean --quiet?",
        'ringrun run: "b.yaml" is one argument too many',
        "ringrun run: --xyz is unknown",
    ]


@pytest.mark.parametrize("argument", ["--a\nb\x1b[2J", "a\nb\x1b[2J"])
def test_an_unknown_argument_writes_nothing_to_the_terminal_but_text(argument: str) -> None:
    """It may hold what would clear a screen or forge a line."""
    line = unknown_arguments([argument], parser())
    assert line.isprintable()
    assert r"a\nb" in line


def test_no_flag_is_guessed_at_and_no_usage_is_dumped(capsys: pytest.CaptureFixture[str]) -> None:
    """What argparse has to say is one line that names the help."""
    with pytest.raises(UsageError) as caught:
        parser().parse_args(["--nodes"])
    assert str(caught.value) == (
        "ringrun run: argument --nodes: expected one argument (ringrun run --help)"
    )
    assert capsys.readouterr() == ("", "")
