"""Which cluster nodes a run's pods may be on: affinity, tolerations, spread.

Each has the run's own, and a template's, which wins where both speak of the same thing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ringrun_operator import names
from ringrun_operator.names import Role

Part = Mapping[str, Any]

# What the image runs on.
REQUIREMENTS: Final[tuple[Part, ...]] = (
    {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
    {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"]},
)
REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"

# A cluster node that is lost is left within seconds rather than after the usual five minutes.
LOST_NODE_SECONDS: Final = 2
TOLERATIONS: Final[tuple[Part, ...]] = tuple(
    {
        "key": f"node.kubernetes.io/{taint}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": LOST_NODE_SECONDS,
    }
    for taint in ("not-ready", "unreachable")
)


def affinity(given: Part, node_selector: Part) -> dict[str, Any]:
    """The template's affinity, on cluster nodes that can run the image.

    A node selector or a term that names the operating system or the architecture itself is left
    alone in that. Terms are alternatives, so each gets what it lacks; an empty one fits no node,
    and must not begin to.
    """
    ours = [each for each in REQUIREMENTS if each["key"] not in node_selector]
    if not ours:
        return dict(given)
    node = given.get("nodeAffinity") or {}
    required = node.get(REQUIRED)
    terms = (
        [_narrowed(term, ours) for term in required.get("nodeSelectorTerms") or ()]
        if required
        else [{"matchExpressions": ours}]
    )
    return {**given, "nodeAffinity": {**node, REQUIRED: {"nodeSelectorTerms": terms}}}


def _narrowed(term: Part, ours: Sequence[Part]) -> Part:
    own = term.get("matchExpressions") or []
    if not own and not term.get("matchFields"):
        return term
    named = {each["key"] for each in own}
    return {
        **term,
        "matchExpressions": [*own, *(each for each in ours if each["key"] not in named)],
    }


def tolerations(given: Sequence[Part]) -> list[Part]:
    """The template's, and those of ours whose taint none of them tolerates.

    Of several that fit a taint Kubernetes takes the first; a longer `tolerationSeconds` behind ours
    would never count.
    """
    ours = [each for each in TOLERATIONS if not any(_tolerates(own, each) for own in given)]
    return [*ours, *given]


def _tolerates(own: Part, ours: Part) -> bool:
    """Whether this toleration fits the taint that ours is for, which has no value."""
    if own.get("effect") not in (None, "", ours["effect"]):
        return False
    if own.get("operator") == "Exists":
        return own.get("key") in (None, "", ours["key"])
    return bool(own.get("key") == ours["key"] and not own.get("value"))


def spread(given: Sequence[Part] | None, run: str, role: Role) -> list[Part]:
    """The template's constraints, or else: over cluster nodes as evenly as it can be had, as a ring
    on one of them would measure little.

    A constraint without a selector would count no pod; it is for those of this run and role.
    """
    selector = {"matchLabels": {names.RUN_LABEL: run, names.ROLE_LABEL: role.value}}
    if given is None:
        given = [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
            }
        ]
    return [
        each if "labelSelector" in each else {**each, "labelSelector": selector} for each in given
    ]
