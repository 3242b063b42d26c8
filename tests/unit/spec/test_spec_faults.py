"""A fault: where it is, in what order faults come, and how a value is shown in one."""

import pytest

from ringrun.spec import SpecError
from ringrun.spec.faults import Path, Places, near, raise_faults, shown

PLACES = Places(
    source="a.yaml",
    lines={(): 1, ("spec",): 5, ("spec", "nodes"): 7},
    flags={("spec", "seed"): "--seed", ("spec", "masters"): "--masters"},
)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("spec", "nodes"), "a.yaml:7"),
        (("spec", "periods", "sendMilliseconds"), "a.yaml:5"),
        (("metadata",), "a.yaml:1"),
        (("spec", "seed"), "--seed"),
    ],
)
def test_a_place_is_the_flag_or_the_line_of_the_nearest_part_that_has_one(
    path: Path, place: str
) -> None:
    """What is missing has no line of its own: its group has."""
    assert PLACES.of(path) == place


def test_without_lines_the_source_is_the_place() -> None:
    """A resource of the API server is a mapping, not a text."""
    assert Places(source="demo").of(("spec", "nodes")) == "demo"


def test_places_go_from_the_top_of_the_file_to_the_last_flag() -> None:
    """Flags in the order in which they were given, not in that of the fields."""
    paths = [("spec", "masters"), ("spec", "nodes"), ("spec", "seed"), ("spec",)]
    assert sorted(paths, key=PLACES.rank) == [
        ("spec",),
        ("spec", "nodes"),
        ("spec", "seed"),
        ("spec", "masters"),
    ]


def test_no_faults_are_no_error() -> None:
    """And several are one, in the order of their places."""
    raise_faults([], PLACES)
    with pytest.raises(SpecError) as caught:
        raise_faults([(("spec", "nodes"), "x"), (("spec",), "y")], PLACES)
    assert caught.value.faults == ("a.yaml:5: y", "a.yaml:7: x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (2.5, "2.5"),
        ("Bär", '"Bär"'),
        ({"a": 1}, "a mapping"),
        ([1, 2], "a list"),
        ((1, 2), "a list"),
        ({1}, '"{1}"'),
        ("x" * 60, f'"{"x" * 60}"'),
        ("x" * 61, f'"{"x" * 57}..."'),
    ],
)
def test_a_value_is_shown_as_json_and_never_long(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("trian", "; did you mean train?"),
        ("WINDOW", "; did you mean window?"),
        ("train", "; did you mean train?"),
        ("x", ""),
        ("", ""),
        (7, ""),
    ],
)
def test_only_what_is_near_is_suggested(word: object, hint: str) -> None:
    """In any case of letters; a wild guess would be worse than none."""
    assert near(word, ["lockstep", "window", "train"]) == hint
