"""deploy/crd.yaml, the one schema source, against itself, RunSpec's table and the chart's copy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringrun.spec.fields import FIELDS, NAME_LENGTH, Field, Kind
from ringrun.spec.shapes import (
    QUANTITY,
    Anything,
    Fields,
    Listed,
    Mapped,
    Quantity,
    Shape,
    Text,
    Whole,
)
from ringrun.spec.template import MASTERS, SLAVES, TEMPLATE

ROOT = Path(__file__).parents[3]
CRD: dict[str, Any] = yaml.safe_load((ROOT / "deploy/crd.yaml").read_text())
VERSION: dict[str, Any] = CRD["spec"]["versions"][0]
SCHEMA: dict[str, Any] = VERSION["schema"]["openAPIV3Schema"]
SPEC: dict[str, Any] = SCHEMA["properties"]["spec"]

# What the API server knows; a comma in an unquoted description makes a key of its own.
SCHEMA_KEYS = {
    *("type", "format", "description", "default", "enum", "minimum", "maximum", "minLength"),
    *("maxLength", "pattern", "maxItems", "maxProperties", "items", "properties", "required"),
    *("additionalProperties", "anyOf"),
    *("x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
    *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"),
}
COLUMN_KEYS = {"name", "type", "jsonPath", "description", "priority"}


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema below this one, with its path."""
    yield path, schema
    for name, each in schema.get("properties", {}).items():
        yield from nodes(each, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def at(path: tuple[str, ...]) -> dict[str, Any]:
    schema = SPEC
    for key in path:
        schema = schema["properties"][key]
    return schema


def test_nothing_in_the_schema_is_unknown_to_the_api_server() -> None:
    """Keys that the API server does not know are dropped or refused there."""
    for path, schema in nodes(SCHEMA):
        assert set(schema) <= SCHEMA_KEYS, path
    for column in VERSION["additionalPrinterColumns"]:
        assert set(column) <= COLUMN_KEYS, column


def test_every_field_is_described_and_bounded() -> None:
    """`kubectl explain` has words for each; CEL's cost estimate needs the bounds."""
    for path, schema in nodes(SCHEMA):
        if path.endswith(("[]", "{}")) or path in ("", ".metadata"):
            continue
        assert schema.get("description"), path
        if schema.get("type") == "string" and "format" not in schema and path.count(".") > 1:
            assert "maxLength" in schema or "enum" in schema, path
        if schema.get("type") == "array":
            assert "maxItems" in schema, path
            assert "x-kubernetes-list-type" in schema, path


def test_the_default_of_spec_is_the_defaults_of_its_fields() -> None:
    """The rules read them, so spec's own default names them all, and must not drift."""

    def defaults(schema: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for name, each in schema["properties"].items():
            if "default" not in each:
                continue
            if "properties" in each:
                assert each["default"] == defaults(each), name
            found[name] = each["default"]
        return found

    assert SPEC["default"] == defaults(SPEC)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: ".".join(field.path))
def test_a_field_means_the_same_to_the_api_server_and_to_run_spec(field: Field) -> None:
    """Default, bounds and choices are those of RunSpec's table."""
    schema = at(field.path)
    assert schema.get("default") == field.default
    if field.choices is not None:
        assert schema["enum"] == [str(each) for each in field.choices]
    if field.kind in (Kind.INTEGER, Kind.NUMBER):
        assert schema["minimum"] == field.low
        # 2^63-1 is what an int64 holds anyway, and the API server refuses it as a bound.
        assert schema.get("maximum") == (None if field.high == 2**63 - 1 else field.high)


def test_the_schema_has_no_field_that_run_spec_lacks() -> None:
    """A field that only one of them knows would be refused by the other."""
    tops = {field.path[0] for field in FIELDS}
    assert set(SPEC["properties"]) == tops
    for top in tops - {"template"}:
        nested = {field.path[1] for field in FIELDS if field.path[0] == top and field.path[1:]}
        assert set(at((top,)).get("properties", {})) == nested


def test_every_experiment_field_is_immutable() -> None:
    """All but the five that may change have a rule that says so by name."""
    changeable = {
        *("suspend", "abort", "ttlSecondsAfterFinished", "activeDeadlineSeconds", "cleanup"),
    }
    fixed = {
        rule["fieldPath"].removeprefix(".")
        for rule in SPEC["x-kubernetes-validations"]
        if "oldSelf" in rule["rule"]
    }
    assert fixed == set(SPEC["properties"]) - changeable


def test_the_longest_name_is_the_one_that_run_spec_allows() -> None:
    """Both say the same of metadata.name."""
    assert f"size() <= {NAME_LENGTH}" in SCHEMA["x-kubernetes-validations"][0]["rule"]


def check_shape(shape: Shape, schema: dict[str, Any], path: str) -> None:
    """That a shape of RunSpec's allows what this schema allows, as far as the schema looks."""
    known: dict[str, Any] = {}
    match shape:
        case Fields():
            known = {"type": "object"}
            if not schema.get("x-kubernetes-preserve-unknown-fields"):
                assert shape.closed, path
                assert set(schema["properties"]) == set(shape.fields), path
            assert set(schema.get("required", ())) <= set(shape.required), path
            for name, each in schema.get("properties", {}).items():
                check_shape(shape.fields[name], each, f"{path}.{name}")
        case Listed():
            known = {"type": "array", "maxItems": shape.most}
            if schema["x-kubernetes-list-type"] == "map":
                assert tuple(schema["x-kubernetes-list-map-keys"]) == shape.keys, path
            check_shape(shape.item, schema["items"], f"{path}[]")
        case Mapped():
            known = {"type": "object", "maxProperties": shape.most}
            check_shape(shape.value, schema["additionalProperties"], f"{path}{{}}")
        case Text():
            known = {"type": "string"}
            assert tuple(schema.get("enum", ())) == shape.choices, path
            if not shape.choices:
                known |= {"maxLength": shape.longest}
                assert schema.get("minLength", 0) <= shape.shortest or shape.pattern, path
        case Whole():
            known = {"type": "integer"}
            assert schema.get("minimum") == shape.low, path
            assert shape.high in (None, schema.get("maximum")), path
        case Quantity():
            known = {"pattern": f"^{QUANTITY}$"}
        case Anything(kind=kind):
            known = {"type": {Kind.BOOLEAN: "boolean", Kind.MAPPING: "object"}[kind]}
        case _:
            pytest.fail(f"{path} has a shape that no schema is held to")
    assert {key: schema.get(key) for key in known} == known, path


def test_the_template_means_the_same_to_the_api_server_and_to_run_spec() -> None:
    """A setting that only one of them knows, or allows, would be refused by the other."""
    check_shape(TEMPLATE, at(("template",)), "template")


def test_the_settings_of_a_role_are_those_of_the_template() -> None:
    """Three copies of one schema; masters have no account to choose."""
    whole = at(("template",))["properties"]
    roles = {role: at(("template", role))["properties"] for role in ("slaves", "masters")}
    assert roles["slaves"] == {name: whole[name] for name in SLAVES}
    assert roles["masters"] == {name: whole[name] for name in MASTERS}
    assert SLAVES.keys() - MASTERS.keys() == {"serviceAccountName", "automountServiceAccountToken"}
