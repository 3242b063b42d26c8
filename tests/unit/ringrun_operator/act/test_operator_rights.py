"""What the operator has to be allowed is what the manifests grant, and is told in words."""

from pathlib import Path
from typing import Any

import yaml

from ringrun_operator.act.rights import ELECTION, USED, Right, missing_in_words, needed

ROOT = Path(__file__).parents[4]


def granted() -> dict[tuple[str, str], set[str]]:
    rules: list[dict[str, Any]] = next(
        each["rules"]
        for each in yaml.safe_load_all((ROOT / "deploy/rbac.yaml").read_text())
        if (each["kind"], each["metadata"]["name"]) == ("ClusterRole", "ringrun-operator")
    )
    found: dict[tuple[str, str], set[str]] = {}
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((group, resource), set()).update(rule["verbs"])
    return found


def test_what_is_asked_for_is_what_is_granted() -> None:
    """Neither is more than the other: a right that nobody asks for is missed unsaid."""
    assert {key: set(verbs) for key, verbs in USED.items()} == granted()


def test_each_namespace_has_rights_of_its_own() -> None:
    """All namespaces are asked for as one."""
    assert {each.namespace for each in needed((), "ops")} == {""}
    rights = needed(("lab", "other"), "lab")
    assert [each.namespace for each in rights].count("lab") == len(rights) / 2
    assert {each.namespace for each in rights} == {"lab", "other"}


def test_the_elections_lease_may_be_elsewhere() -> None:
    """Where nothing is watched, and only without `--no-election`."""
    rights = needed(("lab",), "ops")
    elsewhere = [each for each in rights if each.namespace == "ops"]
    assert [each.verb for each in elsewhere] == list(ELECTION)
    assert {each.resource for each in elsewhere} == {"leases"}
    assert {each.namespace for each in needed(("lab",), "")} == {"lab"}


def test_what_is_missing_is_told_by_namespace() -> None:
    """As kubectl names resources; nothing is nothing."""
    pods = Right("create", "", "pods", "lab")
    status = Right("patch", "ringrun.dev", "ringruns/status", "lab")
    lease = Right("update", "coordination.k8s.io", "leases", "ops")
    assert missing_in_words(()) == ""
    assert missing_in_words((pods, status, lease)) == (
        "the operator may not create pods, patch ringruns.ringrun.dev/status (in namespace lab); "
        "update leases.coordination.k8s.io (in namespace ops): see deploy/rbac.yaml"
    )
    everywhere = [Right(verb, "", "pods", "") for verb in ("get", "list", "watch", "a", "b", "c")]
    assert missing_in_words(everywhere) == (
        "the operator may not get pods, list pods, watch pods, a pods (in all namespaces), "
        "and 2 more: see deploy/rbac.yaml"
    )
