"""From files, YAML text and flags to a `RunSpec`, with the line or the flag of every fault.

`checking` has the rules; this module knows files and how a flag's text becomes a value. The YAML
itself is read by `text`, which is imported late: processes that get their spec as orders need no
YAML.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, Final

from ringrun.spec.checking import check_resource
from ringrun.spec.faults import Fault, Path, Places, SpecError, shown
from ringrun.spec.fields import API_VERSION, FIELDS, KIND, Field, Kind
from ringrun.spec.values import RunSpec

# What etcd takes in one object; a RingRun has no reason to be longer.
_LONGEST: Final = 1 << 20

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}")
_DURATION: Final = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)(us|ms|s|m|h)")
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")
_ZERO: Final = re.compile(r"0+(?:\.0+)?")
_SECONDS: Final = {
    "us": Decimal("0.000001"),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_UNITS: Final = {1: "seconds", 1_000: "milliseconds", 1_000_000: "microseconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A flag that wins over the file: its name, the field's path below the spec, the text given."""

    flag: str
    path: Path
    text: str


def load_run(file: FilePath, overrides: Sequence[Override] = ()) -> RunSpec:
    """The run of a file, with flags that win over it; SpecError for the file's faults too."""
    if str(file) == "-":
        return parse_run(_text(_stdin(), "<stdin>"), "<stdin>", overrides)
    return parse_run(file_text(file, f"one {KIND}"), str(file), overrides)


def file_text(file: FilePath, holding: str) -> str:
    """What is in a file that is to hold this; SpecError where it cannot be read."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_LONGEST + 1)
    except FileNotFoundError as error:
        raise SpecError([f"{file}: no such file"]) from error
    except IsADirectoryError as error:
        raise SpecError([f"{file}: is a folder; give a file with {holding}"]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError([f"{file}: cannot be read: {reason}"]) from error
    return _text(data, str(file))


def _stdin() -> bytes:
    """What is piped in; a terminal is refused, as nobody would know what is waited for."""
    try:
        if sys.stdin is None or sys.stdin.closed:
            raise SpecError([f"<stdin>: is closed; pipe a {KIND} in, or name a file"])
        if sys.stdin.isatty():
            raise SpecError([f"<stdin>: is a terminal; pipe a {KIND} in, or name a file"])
        return sys.stdin.buffer.read(_LONGEST + 1)
    except OSError as error:
        raise SpecError([f"<stdin>: cannot be read: {error.strerror or error}"]) from error


def _text(data: bytes, source: str) -> str:
    if len(data) > _LONGEST:
        raise SpecError([f"{source}: must be at most {_LONGEST} bytes long"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        fault = f"{source}:{line}: is not UTF-8 text: byte 0x{data[error.start]:02x}"
        raise SpecError([fault]) from error


def parse_run(text: str, source: str, overrides: Sequence[Override] = ()) -> RunSpec:
    """The run of YAML text; `source` is what faults call it, with the line."""
    from ringrun.spec.text import read_text

    resource, lines, faults = read_text(text, source)
    return _checked(resource, source, lines, faults, overrides)


def default_run(
    overrides: Sequence[Override] = (), *, name: str = "demo", source: str = "defaults"
) -> RunSpec:
    """A run without a file: defaults, and flags."""
    resource = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": {}}
    return _checked(resource, source, {}, [], overrides)


def _checked(
    resource: Any,
    source: str,
    lines: dict[Path, int],
    faults: list[Fault],
    overrides: Sequence[Override],
) -> RunSpec:
    flags: dict[Path, str] = {}
    for override in overrides:
        path = ("spec", *override.path)
        flags[path] = override.flag
        field = next(field for field in FIELDS if field.path == override.path)
        value = _flag_value(override, field, faults)
        if value is not None:
            _put(resource, path, value)
    places = Places(source=source, lines=lines, flags=flags)
    return RunSpec.of_values(check_resource(resource, places, faults))


def _put(resource: Any, path: Path, value: object) -> None:
    """Set a value in the resource; leaves it alone where a group is not one, which is a fault."""
    group = resource
    for key in path[:-1]:
        if not isinstance(group, dict):
            return
        if group.get(key) is None:
            group[key] = {}
        group = group[key]
    if isinstance(group, dict):
        group[path[-1]] = value


def _flag_value(override: Override, field: Field, faults: list[Fault]) -> object:
    """The value of a flag's text; None, with a fault added, where a duration is not one.

    Text that is no integer stays text, for the field's own rule to refuse.
    """
    text = override.text
    if field.per_second is not None:
        try:
            return _whole(parse_duration(text), field.per_second)
        except ValueError as error:
            faults.append((("spec", *override.path), str(error)))
            return None
    if field.kind is Kind.INTEGER and _INTEGER.fullmatch(text):
        return int(text)
    return text


def parse_duration(text: str) -> Decimal:
    """The seconds of `2s`, `500ms`, `1.5s`, `2m`, `0`; ValueError with the rule and the value."""
    matched = _DURATION.fullmatch(text)
    if _ZERO.fullmatch(text):
        # As much in every unit.
        return Decimal(0)
    if _NUMBER.fullmatch(text):
        near = f"{text}s or {text}ms"
        raise ValueError(f"must be a duration with its unit, such as {near}, got {shown(text)}")
    if not matched:
        raise ValueError(f"must be a duration such as 2s, 500ms or 1.5m, got {shown(text)}")
    return Decimal(matched[1]) * _SECONDS[matched[2]]


def _whole(seconds: Decimal, per_second: int) -> int:
    units = seconds * per_second
    if units != units.to_integral_value():
        unit = _UNITS[per_second]
        raise ValueError(f"must be whole {unit}, got {units.normalize():f} {unit}")
    return int(units)
