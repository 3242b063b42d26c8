"""What a RingRun may say: every fault at once, a line each with the rule, the value, the place.

Works on plain mappings and on a map of places, so the same rules serve a file (`reading` gives the
lines), flags, and resources of the API server, which have no lines. Gives back plain values;
`values` makes a `RunSpec` of them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringrun.spec.faults import Fault, Path, Places, near, raise_faults, short, shown
from ringrun.spec.fields import (
    API_VERSION,
    FIELDS,
    KIND,
    METADATA,
    NAME_LENGTH,
    RESOURCE,
    Field,
    Kind,
    Model,
    field_names,
)
from ringrun.spec.shapes import is_kind
from ringrun.spec.template import TEMPLATE

Values = dict[str, Any]

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
# What the API server adds to a generateName: so many of these, which make no words.
_GENERATED: Final = 5
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_BURSTS: Final = {Model.LOCKSTEP: 1, Model.WINDOW: 64, Model.TRAIN: 4096}


def check_resource(resource: object, places: Places, faults: Iterable[Fault] = ()) -> Values:
    """The values of a RingRun by attribute, defaults resolved; SpecError with every fault.

    `faults` are those that the reader of the source has found already: path and line of text.
    """
    return _Check(places=places, faults=list(faults)).resource(resource)


@dataclass(slots=True, kw_only=True)
class _Check:
    places: Places
    faults: list[Fault]

    def resource(self, resource: object) -> Values:
        if self._is(Kind.MAPPING, resource, ()):
            assert isinstance(resource, Mapping)
            values = self._mapping(resource)
        else:
            values = {}
        raise_faults(self.faults, self.places)
        return values

    def _mapping(self, resource: Mapping[str, Any]) -> Values:
        foreign = False
        for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
            got = resource.get(key)
            if got is None:
                self._fault((), f"{key} is missing; it must be {expected}")
            elif got != expected:
                hint = near(got, [expected])
                self._fault((key,), f"{key} must be {expected}, got {shown(got)}{hint}")
                foreign = foreign or not hint
        if foreign:
            # Another kind's fields are not wrong, they are another kind's.
            return {}
        self._unknown(resource, (), RESOURCE)
        values: Values = {"name": self._name(resource.get("metadata"))}
        spec = resource.get("spec")
        spec = {} if spec is None else spec
        if self._is(Kind.MAPPING, spec, ("spec",)):
            values.update(self._spec(spec))
        return values

    def _name(self, metadata: object) -> str:
        if metadata is None:
            self._fault((), "metadata.name is missing")
            return ""
        if not self._is(Kind.MAPPING, metadata, ("metadata",)):
            return ""
        assert isinstance(metadata, Mapping)
        self._unknown(metadata, ("metadata",), METADATA)
        path = ("metadata", "name")
        name = metadata.get("name")
        # An empty name is none to the API server where there is a prefix.
        if name in (None, "") and metadata.get("generateName"):
            return self._generated(metadata["generateName"])
        if name is None:
            self._fault(("metadata",), "metadata.name is missing")
        elif self._is(Kind.STRING, name, path):
            if len(name) > NAME_LENGTH:
                self._fault(
                    path,
                    f"metadata.name must be at most {NAME_LENGTH} characters, "
                    f"got {len(name)}: {shown(name)}",
                )
            elif not _NAME.fullmatch(name):
                self._fault(
                    path,
                    "metadata.name must be lower-case letters, digits and dashes, "
                    f"no dash first or last, got {shown(name)}",
                )
            return str(name)
        return ""

    def _generated(self, prefix: object) -> str:
        """A name as the API server makes it of a generateName, but the same one each time."""
        path = ("metadata", "generateName")
        if not self._is(Kind.STRING, prefix, path):
            return ""
        assert isinstance(prefix, str)
        longest = NAME_LENGTH - _GENERATED
        if len(prefix) > longest:
            self._fault(
                path,
                f"metadata.generateName must be at most {longest} characters, "
                f"got {len(prefix)}: {shown(prefix)}",
            )
        elif not _NAME.fullmatch(prefix + "x"):
            self._fault(
                path,
                "metadata.generateName must be lower-case letters, digits and dashes, "
                f"no dash first, got {shown(prefix)}",
            )
        digest = hashlib.sha256(prefix.encode()).digest()
        return prefix + "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_GENERATED])

    def _spec(self, spec: Mapping[str, Any]) -> Values:
        groups: dict[Path, Mapping[str, Any]] = {(): spec}
        self._unknown(spec, ("spec",), field_names(()))
        values: Values = {}
        given: dict[str, bool] = {}
        for each in FIELDS:
            parent = each.path[:-1]
            if parent not in groups:
                group = spec.get(parent[0])
                group = {} if group is None else group
                if not self._is(Kind.MAPPING, group, ("spec", *parent)):
                    group = {}
                groups[parent] = group
                self._unknown(group, ("spec", *parent), field_names(parent))
            value = groups[parent].get(each.path[-1])
            given[each.attribute] = value is not None
            values[each.attribute] = self._value(each, value)
        if values["template"] is None:
            values["template"] = {}
        self.faults.extend(TEMPLATE.faults(values["template"], ("spec", "template")))
        self._across(values, given)
        return values

    def _value(self, each: Field, value: object) -> Any:
        """The attribute's value; the default if nothing was given, or nothing right."""
        path = ("spec", *each.path)
        if value is None or not self._allowed(each, value, path):
            value = each.default
        if value is None:
            return None
        if each.choices is not None:
            return each.choices(str(value))
        if each.per_second is not None:
            assert isinstance(value, int | float)
            return value / each.per_second
        return value

    def _allowed(self, each: Field, value: object, path: Path) -> bool:
        name = ".".join(path)
        if each.choices is not None:
            options = [str(option) for option in each.choices]
            if value in options:
                return True
            self._fault(
                path,
                f"{name} must be one of {', '.join(options)}, "
                f"got {shown(value)}{near(value, options)}",
            )
            return False
        if not self._is(each.kind, value, path):
            return False
        low, high = each.low, each.high
        if low is None:
            return True
        assert isinstance(value, int | float)
        if low <= value and (high is None or value <= high):
            return True
        rule = f"between {low} and {high}" if high is not None else f"at least {low}"
        self._fault(path, f"{name} must be {rule}, got {shown(value)}")
        return False

    def _across(self, values: Values, given: Mapping[str, bool]) -> None:
        """Rules between fields; resolves burst and window. Looks only at fields that are right."""
        wrong = {path for path, _ in self.faults}

        def sound(*attributes: str) -> bool:
            paths = [self._path(attribute) for attribute in attributes]
            return not any(path[:length] in wrong for path in paths for length in (1, 2, 3))

        def blame(*attributes: str) -> Path:
            # The last one that the user gave: the place where something can be changed.
            chosen = [attribute for attribute in attributes if given[attribute]]
            return self._path(chosen[-1] if chosen else attributes[-1])

        model: Model = values["model"]
        if values["burst"] is None:
            values["burst"] = _BURSTS[model]
        elif model is Model.LOCKSTEP and values["burst"] != 1 and sound("model", "burst"):
            self._fault(
                blame("model", "burst"),
                f"spec.burst must be 1 for model lockstep, got {values['burst']}",
            )
        if values["window"] is None:
            values["window"] = (values["nodes"] + 1) * values["burst"]
        elif values["window"] < values["burst"] and sound("model", "burst", "window"):
            self._fault(
                blame("burst", "window"),
                f"spec.window must be at least spec.burst ({values['burst']}), "
                f"got {values['window']}",
            )
        heartbeat, suspect = (round(values[name] * 1000) for name in ("heartbeat", "suspect"))
        if suspect < 3 * heartbeat and sound("heartbeat", "suspect"):
            self._fault(
                blame("heartbeat", "suspect"),
                "spec.detection.suspectMilliseconds must be at least 3 heartbeats "
                f"({3 * heartbeat}), got {suspect}{'' if given['suspect'] else ', the default'}",
            )
        periods = values["send"] + values["grace"]
        deadline = values["active_deadline"]
        if deadline is not None and deadline <= periods and sound("send", "grace"):
            self._fault(
                blame("send", "grace", "active_deadline"),
                "spec.activeDeadlineSeconds must be longer than SEND and GRACE together "
                f"({periods:g} s), got {deadline:g}",
            )

    @staticmethod
    def _path(attribute: str) -> Path:
        return next(("spec", *each.path) for each in FIELDS if each.attribute == attribute)

    def _unknown(self, group: Mapping[Any, Any], path: Path, known: Iterable[str]) -> None:
        names = list(known)
        for key in group:
            if key not in names:
                where = ".".join((*path, short(str(key))))
                self._fault((*path, str(key)), f"{where} is unknown{self._meant(key, names)}")

    @staticmethod
    def _meant(key: object, names: list[str]) -> str:
        """The nearest name of the same group, or the same name where it belongs."""
        for each in FIELDS:
            if each.path[-1] == key:
                return f"; did you mean {'.'.join(('spec', *each.path))}?"
        return near(key, names)

    def _is(self, kind: Kind, value: object, path: Path) -> bool:
        right = is_kind(kind, value)
        if not right:
            name = ".".join(path) or f"a {KIND}"
            self._fault(path, f"{name} must be {kind}, got {shown(value)}")
        return right

    def _fault(self, path: Path, text: str) -> None:
        self.faults.append((path, text))
