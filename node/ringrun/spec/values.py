"""`RunSpec`, a run's settings, resolved and in seconds, and its two documents.

Made by `checking` alone, out of YAML, flags, a resource of the API server, or orders. Holds no
rule: whoever has a `RunSpec` has a valid one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from ringrun.spec import checking
from ringrun.spec.faults import Places
from ringrun.spec.fields import (
    API_VERSION,
    FIELDS,
    KIND,
    Cleanup,
    FailurePolicy,
    Kind,
    Model,
)

__all__ = ["Cleanup", "Expectations", "FailurePolicy", "Model", "RunSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What the user wants of the result; None: no demand. The skew is in seconds."""

    min_count: int | None = None
    min_rate: float | None = None
    max_start_skew: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One run, as docs/operations.md has it: no field waits for a default. Times are in seconds."""

    name: str
    nodes: int
    seed: int
    model: Model
    send: float
    grace: float
    tick: float
    spin: float
    burst: int
    window: int
    masters: int
    on_slave_failure: FailurePolicy
    max_replacements: int
    heartbeat: float
    suspect: float
    start_deadline: float
    active_deadline: float | None
    ttl: float | None
    cleanup: Cleanup
    suspend: bool
    abort: bool
    expect: Expectations = Expectations()
    template: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_mapping(cls, resource: Mapping[str, Any], source: str = "RingRun") -> Self:
        """The run of a whole RingRun resource as plain mappings; SpecError with all faults."""
        return cls.of_values(checking.check_resource(resource, Places(source=source)))

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, name: str) -> Self:
        """The run whose `as_document` this is: what orders and reports carry."""
        resource = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name},
            "spec": document,
        }
        return cls.from_mapping(resource, "spec")

    @classmethod
    def of_values(cls, values: checking.Values) -> Self:
        """The run of values that `checking` gave; nobody else has any."""
        values = dict(values)
        expect = Expectations(
            min_count=values.pop("min_count"),
            min_rate=values.pop("min_rate"),
            max_start_skew=values.pop("max_start_skew"),
        )
        template = MappingProxyType(dict(values.pop("template")))
        return cls(expect=expect, template=template, **values)

    def with_nodes(self, nodes: int) -> Self:
        """The same run with another number of slaves: the master by hand counts what it finds."""
        document = {**self.as_document(), "nodes": nodes}
        if self.window == (self.nodes + 1) * self.burst:
            del document["window"]
        return self.from_document(document, name=self.name)

    def as_document(self) -> dict[str, Any]:
        """The resource's spec, every value resolved, in the resource's own units; fit for JSON."""
        document: dict[str, Any] = {}
        for each in FIELDS:
            holder = self.expect if each.path[0] == "expect" else self
            value = getattr(holder, each.attribute)
            if value is None:
                continue
            if each.per_second is not None:
                value = value * each.per_second
                # Whole units were read, so whole units are given back, whatever the float lost.
                value = round(value) if each.kind is Kind.INTEGER else value
            elif each.choices is not None:
                value = str(value)
            elif each.attribute == "template":
                value = dict(value)
            group = document
            for key in each.path[:-1]:
                group = group.setdefault(key, {})
            group[each.path[-1]] = value
        return document
