"""Where pods may be: what the run needs, and where a template wins."""

from typing import Any

import pytest

from ringrun_operator.names import Role
from ringrun_operator.objects.parts.placement import (
    REQUIRED,
    REQUIREMENTS,
    TOLERATIONS,
    affinity,
    spread,
    tolerations,
)

OS, ARCH = REQUIREMENTS
POOL = {"key": "pool", "operator": "In", "values": ["ring"]}
S390X = {"key": "kubernetes.io/arch", "operator": "In", "values": ["s390x"]}


def terms(given: dict[str, Any], selector: dict[str, str] | None = None) -> Any:
    found = affinity(given, selector or {})
    return found.get("nodeAffinity", {}).get(REQUIRED, {}).get("nodeSelectorTerms")


def required(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}


def test_pods_go_where_the_image_runs() -> None:
    """On Linux, on the architectures that the image is built for."""
    assert terms({}) == [{"matchExpressions": [OS, ARCH]}]


def test_every_alternative_of_a_template_is_narrowed() -> None:
    """One that was not would let the pods onto any cluster node."""
    field = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
    assert terms(required({"matchExpressions": [POOL]}, field)) == [
        {"matchExpressions": [POOL, OS, ARCH]},
        {**field, "matchExpressions": [OS, ARCH]},
    ]


def test_who_names_the_architecture_has_it() -> None:
    """By a term, for that term alone, or by the node selector for all."""
    assert terms(required({"matchExpressions": [S390X]}, {"matchExpressions": [POOL]})) == [
        {"matchExpressions": [S390X, OS]},
        {"matchExpressions": [POOL, OS, ARCH]},
    ]
    assert terms({}, {"kubernetes.io/arch": "s390x"}) == [{"matchExpressions": [OS]}]
    both = {"kubernetes.io/arch": "s390x", "kubernetes.io/os": "linux"}
    assert affinity({"podAffinity": {}}, both) == {"podAffinity": {}}


@pytest.mark.parametrize("term", [{}, {"matchExpressions": []}, {"matchFields": []}], ids=str)
def test_a_term_that_fits_no_node_does_not_begin_to(term: dict[str, Any]) -> None:
    """With ours in it it would fit nearly all."""
    assert terms(required(term)) == [term]


def test_the_rest_of_an_affinity_is_passed_through() -> None:
    """And what was given is not changed."""
    preferred = [{"weight": 1, "preference": {"matchExpressions": [POOL]}}]
    given = {"podAntiAffinity": {"a": []}, "nodeAffinity": {"preferred": preferred}}
    found = affinity(given, {})
    assert found["podAntiAffinity"] == {"a": []}
    assert found["nodeAffinity"]["preferred"] == preferred
    assert REQUIRED not in given["nodeAffinity"]


NOT_READY, UNREACHABLE = TOLERATIONS
LONGER = {**NOT_READY, "tolerationSeconds": 600}


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        ({"key": "dedicated", "operator": "Exists"}, [NOT_READY, UNREACHABLE]),
        (LONGER, [UNREACHABLE]),
        ({"key": "node.kubernetes.io/not-ready", "operator": "Exists"}, [UNREACHABLE]),
        ({"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}, [UNREACHABLE]),
        ({"key": "node.kubernetes.io/not-ready", "value": "x"}, [NOT_READY, UNREACHABLE]),
        (
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"},
            [NOT_READY, UNREACHABLE],
        ),
        ({"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9}, []),
        ({"operator": "Exists"}, []),
        ({"operator": "Exists", "effect": "NoSchedule"}, [NOT_READY, UNREACHABLE]),
    ],
    ids=str,
)
def test_a_toleration_of_a_template_wins_for_the_taint_that_it_fits(
    given: dict[str, Any], ours: list[Any]
) -> None:
    """Of two that fit, Kubernetes takes the first: ours is then not there at all."""
    assert tolerations([given]) == [*ours, given]


def test_a_constraint_without_a_selector_is_for_this_run_and_role() -> None:
    """It would count no pod otherwise; one with a selector is passed as it is, and none is none."""
    bare = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    ours = {"matchLabels": {"ringrun.dev/run": "demo", "ringrun.dev/role": "master"}}
    assert spread([bare], "demo", Role.MASTER) == [{**bare, "labelSelector": ours}]
    own = {**bare, "labelSelector": {"matchLabels": {"a": "b"}}}
    assert spread([own], "demo", Role.MASTER) == [own]
    assert spread([], "demo", Role.MASTER) == []
    (default,) = spread(None, "demo", Role.MASTER)
    assert (default["whenUnsatisfiable"], default["labelSelector"]) == ("ScheduleAnyway", ours)
