"""Which kinds of objects there are for the operator, and where."""

from pathlib import Path

import pytest
import yaml

from ringrun_operator.kinds import WATCHED, WRITTEN, Kind, collection

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", "/api/v1/namespaces/lab/pods"),
        ("Lease", "/apis/coordination.k8s.io/v1/namespaces/lab/leases"),
        ("RingRun", "/apis/ringrun.dev/v1alpha1/namespaces/lab/ringruns"),
    ],
)
def test_a_collection_is_where_the_api_server_has_it(kind: str, path: str) -> None:
    """The group that has no name is below another root."""
    assert collection(kind, "lab") == path


@pytest.mark.parametrize("kind", [*WATCHED, *WRITTEN], ids=lambda each: each.kind)
def test_the_operator_may_do_with_each_kind_what_it_does(kind: Kind) -> None:
    """Watch it, or at least make it."""
    verbs = {
        verb
        for each in yaml.safe_load_all((ROOT / "deploy/rbac.yaml").read_text())
        if each["metadata"]["name"] == "ringrun-operator" and "rules" in each
        for rule in each["rules"]
        if kind.group in rule["apiGroups"] and kind.plural in rule["resources"]
        for verb in rule["verbs"]
    }
    assert verbs >= ({"list", "watch"} if kind in WATCHED else {"create"})
