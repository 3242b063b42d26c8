"""Shapes: what each says of a value that is not of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.spec.fields import Kind
from ringrun.spec.shapes import (
    Anything,
    Fields,
    Listed,
    Mapped,
    Quantity,
    Shape,
    Text,
    Whole,
    is_kind,
    name_of,
)
from ringrun.spec.template import TEMPLATE


def texts(shape: Shape, value: Any) -> list[str]:
    return [text for _, text in shape.faults(value, ("a",))]


@pytest.mark.parametrize(
    ("shape", "value", "said"),
    [
        (Anything(), {}, []),
        (Anything(), [], ["a must be a mapping, got a list"]),
        (Anything(kind=Kind.BOOLEAN), 1, ["a must be true or false, got 1"]),
        (Text(), 7, ["a must be a string, got 7"]),
        (Text(longest=2), "abc", ["a must be at most 2 characters, got 3"]),
        (Text(shortest=1), "", ["a must not be empty"]),
        (Text(pattern="x+", says="many x"), "y", ['a must be many x, got "y"']),
        (Text(choices=("One",)), "one", ['a must be one of One, got "one"; did you mean One?']),
        (Whole(low=1), 0, ["a must be at least 1, got 0"]),
        (Whole(low=1, high=2), 3, ["a must be between 1 and 2, got 3"]),
        (Whole(), True, ["a must be an integer, got true"]),
        (Quantity(), 1.5, ["a must be a quantity such as 250m or 128Mi, got 1.5"]),
        (Quantity(), "128Mi", []),
        (Mapped(value=Whole()), {"b": "c"}, ['a.b must be an integer, got "c"']),
        (Mapped(value=Whole(), most=1), {"b": 1, "c": 2}, ["a must have at most 1 names, got 2"]),
        (Listed(item=Whole()), [1, "b"], ['a[1] must be an integer, got "b"']),
        (Listed(item=Whole(), most=1), [1, 2], ["a must have at most 1 items, got 2"]),
        (Listed(item=Whole(), shortest=1), [], ["a must not be empty"]),
        (Fields(fields={"b": Whole()}, required=("b",)), {}, ["a.b is missing"]),
        (Fields(fields={"b": Whole()}), {"b": None}, []),
        (Fields(fields={"blue": Whole()}), {"bleu": 1}, ["a.bleu is unknown; did you mean blue?"]),
        (Fields(fields={}, closed=False), {"b": 1}, []),
        (Fields(fields={}, strangers={"b": "is theirs"}), {"b": 1}, ["a.b is theirs"]),
    ],
    ids=str,
)
def test_a_shape_says_what_is_wrong(shape: Shape, value: Any, said: list[str]) -> None:
    assert texts(shape, value) == said


def test_rules_are_asked_only_where_the_parts_are_right() -> None:
    """One mistake, one line."""
    asked = Fields(
        fields={"b": Whole()}, rules=(lambda _, path: iter([(path, "the rule was asked")]),)
    )
    assert texts(asked, {"b": 1}) == ["the rule was asked"]
    assert texts(asked, {"b": "x"}) == ['a.b must be an integer, got "x"']


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("spec", "template", "env", "0", "name"), "spec.template.env[0].name"),
        (("env", "0"), "env[0]"),
        ((), "the file"),
    ],
)
def test_a_path_is_named_as_people_write_it(path: tuple[str, ...], name: str) -> None:
    assert name_of(path) == name


def test_true_is_no_number_and_infinity_is_none() -> None:
    assert not is_kind(Kind.INTEGER, True)
    assert not is_kind(Kind.NUMBER, float("inf"))
    assert is_kind(Kind.NUMBER, 1.5)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(list(TEMPLATE.fields)) | st.text(max_size=3), inner)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_no_template_does_more_than_fault(value: object) -> None:
    """Whatever is in a file: lines for people, never an error of ours."""
    for path, text in TEMPLATE.faults(value, ()):
        assert isinstance(path, tuple)
        assert text
