"""The table of a RingRun's fields: what `checking` and `values` lean on when they walk it."""

from dataclasses import fields

import pytest

from ringrun.spec import Expectations, RunSpec
from ringrun.spec.fields import FIELDS, Field, Kind, field_names


def name(field: Field) -> str:
    return ".".join(field.path)


def test_a_name_stands_once_in_its_group_however_many_fields_lie_below_it() -> None:
    """In the table's order, which is the order in which a document has them."""
    names = list(field_names(()))
    assert names[:5] == ["nodes", "seed", "model", "periods", "tickMicroseconds"]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (("periods",), ["sendMilliseconds", "graceMilliseconds"]),
        (("failurePolicy",), ["onSlaveFailure", "maxReplacements"]),
        (("nodes",), []),
        (("template",), []),
        (("nothing",), []),
    ],
)
def test_a_group_has_the_names_directly_below_it(group: tuple[str, ...], names: list[str]) -> None:
    """A field is no group, nor is what is unknown."""
    assert list(field_names(group)) == names


def test_every_field_has_a_place_and_an_attribute_of_its_own() -> None:
    assert len({field.path for field in FIELDS}) == len(FIELDS)
    assert len({field.attribute for field in FIELDS}) == len(FIELDS)


def test_every_attribute_is_one_of_a_run_and_every_one_of_a_run_is_in_the_table() -> None:
    """But for the name, which is not the spec's, and what is expected, which is a group."""
    of_a_run = {each.name for each in fields(RunSpec)} - {"name", "expect"}
    expected = {each.name for each in fields(Expectations)}
    assert {field.attribute for field in FIELDS} == of_a_run | expected


@pytest.mark.parametrize("field", FIELDS, ids=name)
def test_a_default_is_allowed_by_its_own_rule(field: Field) -> None:
    """A user who writes the default out has said nothing wrong."""
    if field.kind is Kind.CHOICE:
        assert field.choices is not None
        assert field.default in list(field.choices)
    elif isinstance(field.default, int) and field.low is not None:
        assert field.low <= field.default
        assert field.high is None or field.default <= field.high


@pytest.mark.parametrize("field", FIELDS, ids=name)
def test_the_unit_in_a_name_is_the_unit_of_the_field(field: Field) -> None:
    """A wrong one would make a run a thousand times too long."""
    units = {"Milliseconds": 1_000, "Microseconds": 1_000_000, "Seconds": 1, "Finished": 1}
    said = [unit for word, unit in units.items() if field.path[-1].endswith(word)]
    assert said == ([] if field.per_second is None else [field.per_second])
