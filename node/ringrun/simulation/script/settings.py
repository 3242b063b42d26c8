"""The settings that a scenario may begin with, and the case that they make. Used by `script`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ringrun.core.rules import Rules
from ringrun.simulation.case import Case, make_spec
from ringrun.spec import FailurePolicy, Model

_OF_THE_SPEC: dict[str, Callable[[str], Any]] = {
    "nodes": int,
    "model": Model,
    "send": float,
    "grace": float,
    "masters": int,
    "burst": int,
    "window": int,
    "heartbeat": float,
    "suspect": float,
    "start_deadline": float,
    "policy": FailurePolicy,
    "replacements": int,
}


def _on(word: str) -> bool:
    """`on` or `off`; ValueError for any other word."""
    if word not in {"on", "off"}:
        raise ValueError(f"on or off, got {word}")
    return word == "on"


_AROUND_IT: dict[str, Callable[[str], Any]] = {
    "delay": float,
    "supervision": float,
    "watch": _on,
}


def is_setting(name: str) -> bool:
    """Whether a line that begins with this word is a setting and no command."""
    return name in _OF_THE_SPEC or name in _AROUND_IT


def case_of(settings: Mapping[str, str], rules: Rules) -> Case:
    """A case in which everything takes the same time every time, but for what is set."""
    spec = make_spec(**_read(_OF_THE_SPEC, settings))
    case = Case(seed=0, spec=spec, rules=rules, steady=True, jitter=0.0)
    return replace(case, **_read(_AROUND_IT, settings))


def _read(kinds: Mapping[str, Callable[[str], Any]], settings: Mapping[str, str]) -> dict[str, Any]:
    return {name: read(settings[name]) for name, read in kinds.items() if name in settings}
