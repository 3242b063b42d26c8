"""The objects of a run that are no pods, and what is read back out of them."""

import base64
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from ringrun.core.node import SlaveId
from ringrun.core.orders import Cause, Orders
from ringrun.core.phase import Phase
from ringrun.core.record import Member
from ringrun.spec import RunSpec
from ringrun_operator.objects import resources
from ringrun_operator.objects.owner import Owner
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.objects.settings import Defaults, resolve

OWNER = Owner(name="demo", namespace="lab", uid="u-1")
SPEC = RunSpec.from_document({"template": {"image": "x"}}, name="demo")
ORDERS = Orders(
    version=3,
    phase=Phase.SEND,
    complete=True,
    roster=(Member(ordinal=0, incarnation=2, host="10.0.0.1", port=10501),),
    dead=(SlaveId(0, 1),),
    causes=(Cause(0, 1, "exit code 137"),),
)
SETTINGS = resolve(SPEC.template, Defaults(image="ringrun:1"))
LEDGER = Ledger(record_uid="l-1", masters=(1, 2), started=1.5)
ROOT = Path(__file__).parents[4]


def everything() -> list[dict[str, Any]]:
    return [
        resources.secret(OWNER, b"t" * 32),
        *resources.access(OWNER),
        resources.lease(OWNER),
        resources.result_map(OWNER),
        resources.orders_map(OWNER, SPEC, ORDERS, LEDGER, SETTINGS, "7"),
    ]


@pytest.mark.parametrize("built", everything(), ids=lambda each: each["kind"])
def test_every_object_is_of_the_schema_owned_and_labelled(built: dict[str, Any]) -> None:
    """The API server knows each field; each goes with its RingRun; each is found by its run."""
    kubernetes_validate.validate(built, kubernetes_validate.latest_version(), strict=True)
    metadata = built["metadata"]
    assert metadata["namespace"] == "lab"
    assert [owner["uid"] for owner in metadata["ownerReferences"]] == ["u-1"]
    assert metadata["labels"]["ringrun.dev/run"] == "demo"
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "ringrun-operator"


def test_masters_may_touch_three_objects_and_patch_none() -> None:
    """Rights by name alone; a write of the record that compares nothing is impossible."""
    _, role, binding = resources.access(OWNER)
    assert role["rules"] == [
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["demo"],
            "verbs": ["get", "list", "watch", "update"],
        },
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["demo-orders-u-1"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["demo-result"],
            "verbs": ["get", "list", "watch", "update"],
        },
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == "demo-master"


def test_the_operator_has_every_right_that_it_gives_to_masters() -> None:
    """The API server lets nobody grant what he has not."""
    held = {
        (group, resource, verb)
        for each in yaml.safe_load_all((ROOT / "deploy/rbac.yaml").read_text())
        if each["metadata"]["name"] == "ringrun-operator" and "rules" in each
        for rule in each["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    for rule in resources.access(OWNER)[1]["rules"]:
        for verb in rule["verbs"]:
            assert (rule["apiGroups"][0], rule["resources"][0], verb) in held


def test_the_token_is_kept_as_it_is_under_the_uid_of_its_run() -> None:
    """What pods mount is the token itself, and never that of an earlier run of the name."""
    built = resources.secret(OWNER, bytes(range(32)))
    assert base64.b64decode(built["data"][OWNER.uid]) == bytes(range(32))
    # A kubelet would go on mounting the one that was deleted.
    assert not built.get("immutable")


def test_orders_are_read_back_as_they_were_kept() -> None:
    """A restarted operator goes on with the very orders and ledger of the last one."""
    kept = resources.orders_map(OWNER, SPEC, ORDERS, LEDGER, SETTINGS, "7")
    assert kept["metadata"]["resourceVersion"] == "7"
    assert resources.read_orders(kept) == (ORDERS, LEDGER)
    assert (
        "resourceVersion"
        not in resources.orders_map(OWNER, SPEC, ORDERS, LEDGER, SETTINGS, None)["metadata"]
    )


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"data": None},
        {"data": {"orders.json": "{}"}},
        {"data": {"orders.json": "", "ledger.json": "{}"}},
        {"data": {"orders.json": "[]", "ledger.json": "{}"}},
        {"data": {"orders.json": '{"version":""}', "ledger.json": "{}"}},
    ],
    ids=str,
)
def test_orders_that_cannot_be_read_are_none(broken: dict[str, Any] | None) -> None:
    """They are then made again; an exception would stand still for ever."""
    assert resources.read_orders(broken) is None


def test_settings_are_read_back_as_they_were_kept() -> None:
    """Whatever an operator is told later; there are none in a ConfigMap that lacks them."""
    kept = resources.orders_map(OWNER, SPEC, ORDERS, LEDGER, SETTINGS, "7")
    assert resources.read_settings(kept) == SETTINGS
    del kept["data"][resources.PODS_KEY]
    assert resources.read_settings(kept) is None
    assert resources.read_settings(None) is None
