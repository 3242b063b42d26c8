"""The commands and flags, and the help that is made of them."""

import re

import pytest

from ringrun.command.parser import COMMANDS, WIDTH, make_parser
from ringrun.exit_codes import MEANINGS, ExitCode
from ringrun.spec import default_run


@pytest.mark.parametrize("name", ["", *(command.name for command in COMMANDS)])
def test_every_help_fits(name: str) -> None:
    """In 80 columns, whatever the window says."""
    parser, parsers = make_parser()
    text = (parsers[name] if name else parser).format_help()
    assert [line for line in text.splitlines() if len(line) > WIDTH] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_help_has_defaults_and_an_example(command: object) -> None:
    """Of each flag that takes a value; and what is typed in an example is taken."""
    found = next(each for each in COMMANDS if each is command)
    for argument in found.arguments:
        if argument.is_flag and argument.metavar is not None:
            assert argument.default is not None, argument.name
    assert found.examples
    text = make_parser()[1][found.name].format_help()
    assert f"  {found.examples[0]}" in text


def test_the_examples_are_taken() -> None:
    """By the parser itself: no flag in them is out of date."""
    parser, _ = make_parser()
    for command in COMMANDS:
        for example in command.examples:
            for part in re.findall(r"ringrun ([^&|>)]+)", example.replace("\\\n", " ")):
                parser.parse_args(part.split())


def test_the_defaults_of_run_are_those_of_the_spec() -> None:
    """They are told in the help and decided in the spec."""
    spec = default_run()
    (run,) = (command for command in COMMANDS if command.name == "run")
    told = {argument.name: argument.default for argument in run.arguments}
    assert told["--nodes"] == str(spec.nodes)
    assert told["--send"] == f"{spec.send:g}s"
    assert told["--grace"] == f"{spec.grace:g}s"
    assert told["--seed"] == str(spec.seed)
    assert told["--model"] == str(spec.model)
    assert told["--masters"] == str(spec.masters)


def test_the_exit_codes_are_told_once() -> None:
    """In the help of all; each command says where."""
    parser, parsers = make_parser()
    assert set(MEANINGS) == set(ExitCode)
    for meaning in MEANINGS.values():
        assert meaning in parser.format_help()
    for each in parsers.values():
        assert "exit codes:" not in each.format_help()
        assert "ringrun --help" in each.format_help()
