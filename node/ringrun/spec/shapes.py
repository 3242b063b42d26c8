"""What a nested value may look like, and the faults of one that does not: the words of `template`.

A shape says of a value all that is wrong in it, in no order. A value of None was not given, and is
never wrong as such. Leaves out what a value means.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ringrun.spec.faults import Fault, Path, near, short, shown
from ringrun.spec.fields import Kind


class Shape(Protocol):
    """What a value may be. `faults` has what is wrong with the value at this path."""

    def faults(self, value: Any, path: Path) -> Iterator[Fault]: ...


Rule = Callable[[Any, Path], Iterator[Fault]]
"""A rule between the parts of a value whose parts are right in themselves."""


def is_kind(kind: Kind, value: object) -> bool:
    """Whether a value is of this type; a number must be finite, and true is no number."""
    match kind:
        case Kind.MAPPING:
            return isinstance(value, Mapping)
        case Kind.LIST:
            return isinstance(value, list)
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.NUMBER:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and math.isfinite(value)  # type: ignore[arg-type]
        case Kind.STRING | Kind.CHOICE:
            return isinstance(value, str)


_INDEX: Final = re.compile(r"[0-9]+")


def name_of(path: Path) -> str:
    """How a fault calls a path: `spec.template.env[0].name`; no path at all is the whole file."""
    parts = "".join(
        f"[{part}]" if _INDEX.fullmatch(part) else f".{short(part)}" for part in path
    ).lstrip(".")
    return parts or "the file"


def _kind(kind: Kind, value: object, path: Path) -> Iterator[Fault]:
    if not is_kind(kind, value):
        yield path, f"{name_of(path)} must be {kind}, got {shown(value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anything:
    """A value of a type, whose inside Kubernetes knows better than we do."""

    kind: Kind = Kind.MAPPING

    def faults(self, value: Any, path: Path) -> Iterator[Fault]:
        yield from _kind(self.kind, value, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string: one of `choices`, or of a pattern, which `says` what it is in a user's words."""

    longest: int | None = None
    shortest: int = 0
    pattern: str = ""
    says: str = ""
    choices: tuple[str, ...] = ()

    def faults(self, value: Any, path: Path) -> Iterator[Fault]:
        yield from _kind(Kind.STRING, value, path)
        if not isinstance(value, str):
            return
        name = name_of(path)
        if self.choices and value not in self.choices:
            options = ", ".join(self.choices)
            hint = near(value, self.choices)
            yield path, f"{name} must be one of {options}, got {shown(value)}{hint}"
        elif self.longest is not None and len(value) > self.longest:
            yield path, f"{name} must be at most {self.longest} characters, got {len(value)}"
        elif len(value) < self.shortest:
            yield path, f"{name} must not be empty"
        elif self.pattern and not re.fullmatch(self.pattern, value):
            yield path, f"{name} must be {self.says}, got {shown(value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An integer between two, or from one on."""

    low: int | None = None
    high: int | None = None

    def faults(self, value: Any, path: Path) -> Iterator[Fault]:
        yield from _kind(Kind.INTEGER, value, path)
        if not is_kind(Kind.INTEGER, value):
            return
        low, high = self.low, self.high
        if (low is not None and value < low) or (high is not None and value > high):
            rule = f"between {low} and {high}" if high is not None else f"at least {low}"
            yield path, f"{name_of(path)} must be {rule}, got {shown(value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """An amount as Kubernetes writes it: 250m, 128Mi, 2."""

    def faults(self, value: Any, path: Path) -> Iterator[Fault]:
        number = is_kind(Kind.INTEGER, value)
        if not number and not (isinstance(value, str) and re.fullmatch(QUANTITY, value)):
            said = f"{name_of(path)} must be a quantity such as 250m or 128Mi"
            yield path, f"{said}, got {shown(value)}"


QUANTITY: Final = (
    r"(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Names that the user chooses, each with a value of one shape; `key` is the names' shape."""

    value: Shape
    key: Text = field(default_factory=Text)
    most: int | None = None

    def faults(self, value: Any, path: Path) -> Iterator[Fault]:
        yield from _kind(Kind.MAPPING, value, path)
        if not isinstance(value, Mapping):
            return
        if self.most is not None and len(value) > self.most:
            yield path, f"{name_of(path)} must have at most {self.most} names, got {len(value)}"
        for key, each in value.items():
            inner = (*path, str(key))
            yield from self.key.faults(str(key), inner)
            yield from self.value.faults(each, inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list; of `keys`, no two items may have all the same values."""

    item: Shape
    most: int | None = None
    keys: tuple[str, ...] = ()
    shortest: int = 0

    def faults(self, value: Any, path: Path) -> Iterator[Fault]:
        yield from _kind(Kind.LIST, value, path)
        if not isinstance(value, list):
            return
        if self.most is not None and len(value) > self.most:
            yield path, f"{name_of(path)} must have at most {self.most} items, got {len(value)}"
        if len(value) < self.shortest:
            yield path, f"{name_of(path)} must not be empty"
        seen: set[str] = set()
        for at, each in enumerate(value):
            inner = (*path, str(at))
            yield from self.item.faults(each, inner)
            if not self.keys or not isinstance(each, Mapping):
                continue
            mark = ", ".join(shown(each.get(key)) for key in self.keys)
            if mark in seen:
                what = " and ".join(self.keys)
                yield inner, f"{name_of(inner)} has the {what} of another item, {mark}"
            seen.add(mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Names that we know, each with a shape of its own.

    `strangers` are known to be asked for where they cannot be had, with the reason. Where it is not
    `closed`, other names are left to the rules, which are asked only if all else is right.
    """

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    strangers: Mapping[str, str] = field(default_factory=dict)
    closed: bool = True
    rules: tuple[Rule, ...] = ()

    def faults(self, value: Any, path: Path) -> Iterator[Fault]:
        yield from _kind(Kind.MAPPING, value, path)
        if not isinstance(value, Mapping):
            return
        faults = [*self._inner(value, path)]
        yield from faults
        if not faults:
            for rule in self.rules:
                yield from rule(value, path)

    def _inner(self, value: Mapping[Any, Any], path: Path) -> Iterator[Fault]:
        for key in value:
            inner = (*path, str(key))
            if key in self.strangers:
                yield inner, f"{name_of(inner)} {self.strangers[key]}"
            elif self.closed and key not in self.fields:
                yield inner, f"{name_of(inner)} is unknown{near(key, self.fields)}"
        for key, shape in self.fields.items():
            inner = (*path, key)
            if value.get(key) is not None:
                yield from shape.faults(value[key], inner)
            elif key in self.required:
                yield path, f"{name_of(inner)} is missing"
