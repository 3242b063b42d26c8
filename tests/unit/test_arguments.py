"""Single arguments: what each may be, and that a wrong one leaves the others to be checked."""

from pathlib import Path

import pytest

from ringrun.arguments import addresses, folder, integer, one_of, port


def test_one_of_the_options_is_taken_as_it_is() -> None:
    faults: list[str] = []
    assert one_of("--output", "json", ["text", "json"], faults) == "json"
    assert faults == []


def test_what_is_no_option_stands_for_the_first_and_is_a_fault() -> None:
    """Letters count: a program's output is no place for guesses, only for a hint."""
    faults: list[str] = []
    assert one_of("--output", "JSON", ["text", "json"], faults) == "text"
    assert faults == ['--output: must be one of text, json, got "JSON"; did you mean json?']


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("+9", 9), ("007", 7)])
def test_an_integer_is_what_its_digits_say(text: str, value: int) -> None:
    faults: list[str] = []
    assert integer("--runs", text, 1, faults, high=9) == value
    assert faults == []


@pytest.mark.parametrize("text", ["", " 1", "1\n", "1.0", "1e3", "1_0", "0x1", "٣", "9" * 41])
def test_what_is_no_integer_stands_for_the_lowest(text: str) -> None:
    """Python would read some of them, and take its time for thousands of digits."""
    faults: list[str] = []
    assert integer("--runs", text, 1, faults) == 1
    [fault] = faults
    assert fault.startswith("--runs: must be an integer, got ")


@pytest.mark.parametrize(
    ("text", "high", "rule"),
    [
        ("-1", None, "at least 0, got -1"),
        ("-1", 9, "between 0 and 9, got -1"),
        ("10", 9, "between 0 and 9, got 10"),
    ],
)
def test_an_integer_beyond_its_bounds_is_told_with_them(
    text: str, high: int | None, rule: str
) -> None:
    faults: list[str] = []
    integer("--seed", text, 0, faults, high=high)
    assert faults == [f"--seed: must be {rule}"]


@pytest.mark.parametrize(
    ("text", "allowed"), [("0", False), ("1", True), ("65535", True), ("65536", False)]
)
def test_a_port_is_one_that_somebody_can_find(text: str, allowed: bool) -> None:
    """0 would be any that is free."""
    faults: list[str] = []
    assert port("PORT", text, faults) == int(text)
    assert (faults == []) is allowed


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (None, None),
        ("a:1", (("a", 1),)),
        ("b:2, a:1", (("b", 2), ("a", 1))),
        ("[::1]:7", (("::1", 7),)),
        ("a:1,a:2,b:1", (("a", 1), ("a", 2), ("b", 1))),
    ],
)
def test_addresses_are_pairs_in_the_order_in_which_they_are_named(
    text: str | None, pairs: tuple[tuple[str, int], ...] | None
) -> None:
    """None is not no slave: it means those that are found here."""
    faults: list[str] = []
    assert addresses("--slaves", text, faults) == pairs
    assert faults == []


@pytest.mark.parametrize("text", ["", "a", ":1", "[]:1"])
def test_an_address_needs_a_host_and_a_port(text: str) -> None:
    faults: list[str] = []
    assert addresses("--slaves", text, faults) == ()
    assert faults == [f'--slaves: must be HOST:PORT,HOST:PORT,..., got "{text}"']


def test_every_wrong_address_of_a_list_is_told() -> None:
    """One that is named twice too: two names would mean one slave."""
    faults: list[str] = []
    addresses("--slaves", "a,b:x,c:0,d:1,d:01", faults)
    assert faults == [
        '--slaves: must be HOST:PORT,HOST:PORT,..., got "a"',
        '--slaves: must be an integer, got "x"',
        "--slaves: must be between 1 and 65535, got 0",
        '--slaves: must name each slave once, got "d:01" twice',
    ]


def test_a_folder_is_made_with_those_above_it_and_left_empty(tmp_path: Path) -> None:
    """What was written to try is gone; a folder that is there stays as it is."""
    faults: list[str] = []
    made = tmp_path / "a" / "b"
    assert folder("--journal", str(made), faults) == made
    assert list(made.iterdir()) == []
    (made / "kept").touch()
    assert folder("--journal", str(made), faults) == made
    assert [path.name for path in made.iterdir()] == ["kept"]
    assert folder("--journal", None, faults) is None
    assert faults == []


@pytest.mark.parametrize(
    ("below", "reason"),
    [
        ("file", "File exists"),
        ("file/a", "Not a directory"),
        ("a" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_a_folder_that_cannot_be_made_is_told_with_the_reason(
    tmp_path: Path, below: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    faults: list[str] = []
    wanted = tmp_path / below
    folder("--journal", str(wanted), faults)
    assert faults == [f"--journal: {wanted} must be a folder to write in: {reason}"]
