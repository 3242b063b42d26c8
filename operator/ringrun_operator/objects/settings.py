"""How the pods of a run are set up: the run's own template over the administrator's defaults.

Resolved once, when an operator takes the run up, and kept with the orders: whatever an operator is
told later, a run keeps what it began with. `pods` builds from this alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What an operator was told of the pods of all runs.

    `template` has the shape of a RingRun's spec.template, which overrides it; `image` and
    `pull_policy` stand where neither names one.
    """

    image: str
    pull_policy: str = "IfNotPresent"
    template: Mapping[str, Any] = field(default_factory=dict)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A template for each role, with the image and its pull policy always in it."""

    slaves: dict[str, Any]
    masters: dict[str, Any]


def resolve(template: Mapping[str, Any], defaults: Defaults) -> Settings:
    """The settings of a run whose spec has this template."""
    resolved = {
        "image": defaults.image,
        "imagePullPolicy": defaults.pull_policy,
        **defaults.template,
        **template,
    }
    return Settings(slaves=resolved, masters=resolved)
