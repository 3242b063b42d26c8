"""How the pods of a run are set up: the run's own template over the administrator's defaults.

Resolved once, when an operator takes the run up, and kept with the orders: whatever an operator is
told later, a run keeps what it began with. `pods` builds from this alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ringrun_operator.names import Role

MERGED: Final = ("labels", "annotations", "nodeSelector", "podSecurityContext", "securityContext")
"""What a run's template adds to the administrator's; of all else it takes the place."""

# One of several kinds, with what belongs to that kind alone: half of another's is never right.
WHOLE: Final = ("seccompProfile", "appArmorProfile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What an operator was told of the pods of all runs.

    `template` has the shape of a RingRun's spec.template, which overrides it; `image` and
    `pull_policy` stand where neither names one.
    `log_format` (text, json) and `log_level` are how nodes log.
    `network_ports` are the API server's, if each run is to have NetworkPolicies; none if not.
    """

    image: str
    pull_policy: str = "IfNotPresent"
    template: Mapping[str, Any] = field(default_factory=dict)
    network_ports: tuple[int, ...] = ()
    log_format: str = "text"
    log_level: str = "info"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A template for each role, with the image and its pull policy always in it; `network_ports` as
    in `Defaults`."""

    slaves: dict[str, Any]
    masters: dict[str, Any]
    network_ports: tuple[int, ...] = ()


def pin(settings: Settings, role: Role, image_id: str) -> Settings:
    """The settings with this role's image by its digest, if a kubelet told it so.

    `image_id` is the container's imageID. One that has no digest (as of an image that was loaded
    rather than pulled), or is of another repository, says nothing of how to pull it.
    """
    template = settings.masters if role is Role.MASTER else settings.slaves
    image = template["image"]
    found = image_id.rpartition("://")[2]
    repository, at, digest = found.partition("@")
    if not at or "@" in image or _full(_repository(image)) != _full(repository):
        return settings
    return msgspec.structs.replace(
        settings, **{f"{role.value}s": {**template, "image": f"{_repository(image)}@{digest}"}}
    )


def _repository(image: str) -> str:
    """Of an image's name what stands before its tag."""
    head, slash, last = image.rpartition("/")
    return head + slash + last.partition(":")[0]


def _full(repository: str) -> str:
    """With the registry and the folder that are meant where none is named."""
    registry, slash, rest = repository.partition("/")
    if slash and (registry == "localhost" or set(".:") & set(registry)):
        return f"docker.io/{rest}" if registry == "index.docker.io" else repository
    return f"docker.io/{repository}" if slash else f"docker.io/library/{repository}"


def resolve(template: Mapping[str, Any], defaults: Defaults) -> Settings:
    """The settings of a run whose spec has this template."""
    base = {"image": defaults.image, "imagePullPolicy": defaults.pull_policy}
    resolved = {
        role: _overridden(base | _of(role, defaults.template), _of(role, template)) for role in Role
    }
    for each in ("serviceAccountName", "automountServiceAccountToken"):
        # A master has an account of the run's own.
        resolved[Role.MASTER].pop(each, None)
    for settings in resolved.values():
        _log(settings, defaults)
    return Settings(
        slaves=resolved[Role.SLAVE],
        masters=resolved[Role.MASTER],
        network_ports=defaults.network_ports,
    )


def _log(template: dict[str, Any], defaults: Defaults) -> None:
    """Have nodes log as the operator does, unless the template says how."""
    wanted = {
        "RINGRUN_LOG_FORMAT": (defaults.log_format, "text"),
        "RINGRUN_LOG_LEVEL": (defaults.log_level, "info"),
    }
    given = {each["name"] for each in template.get("env", ())}
    more = [
        {"name": name, "value": value}
        for name, (value, usual) in wanted.items()
        if value != usual and name not in given
    ]
    if more:
        template["env"] = [*template.get("env", ()), *more]


def _of(role: Role, template: Mapping[str, Any]) -> dict[str, Any]:
    """The template as it is for one role: what it says of that role goes over the rest."""
    common = {key: value for key, value in template.items() if key not in ("slaves", "masters")}
    return merged(common, template.get(f"{role.value}s") or {})


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`: mappings name by name, all else replaced; None is not given."""
    result = {key: value for key, value in below.items() if value is not None}
    for key, value in above.items():
        if value is None:
            continue
        if isinstance(value, Mapping):
            under = result.get(key)
            if key in WHOLE or not isinstance(under, Mapping):
                under = {}
            result[key] = merged(under, value)
        else:
            result[key] = value
    return result


def _overridden(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """A run's template over the administrator's: key by key, but for what adds up."""
    result = {**below, **above}
    for key in MERGED:
        if key in below and key in above:
            result[key] = merged(below[key], above[key])
    if "tolerations" in below and "tolerations" in above:
        # The first that fits a taint counts, so the run's own come first.
        own = list(above["tolerations"])
        result["tolerations"] = own + [each for each in below["tolerations"] if each not in own]
    return result
