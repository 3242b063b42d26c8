"""Runs that version 0.1.0 took up, as it left their objects, are served on by this one."""

import json
from pathlib import Path
from typing import Any

import pytest
from api_server import ApiServer

from ringrun_operator.decide.plan import Plan
from ringrun_operator.decide.reconcile import reconcile
from ringrun_operator.objects.settings import Defaults

SKEW = Path(__file__).parents[1] / "skew"
NEWER = Defaults(image="ringrun:2", pull_policy="Always")


class Inherited(ApiServer):
    """The objects of a run as version 0.1.0 left them."""

    def __init__(self, name: str) -> None:
        kept = json.loads((SKEW / name).read_text())
        super().__init__(now=kept["now"])
        self._version = 1000
        self.objects = {(each["kind"], each["metadata"]["name"]): each for each in kept["objects"]}
        self.run = self.objects["RingRun", "demo"]

    @property
    def orders_key(self) -> tuple[str, str]:
        return "ConfigMap", "demo-orders"

    def look(self) -> Plan:
        return reconcile(self.world(), NEWER, self.now)


def test_a_run_that_sends_is_let_alone() -> None:
    """No object is made, moved or renamed; what its pods are is kept from now on."""
    api = Inherited("sending.json")
    pods, made = api.pod_names(), len(api.made)
    api.settle()
    assert api.pod_names() == pods
    assert len(api.made) == made
    assert api.objects["RingRun", "demo"]["status"]["phase"] == "SEND"


def test_pods_that_it_needs_are_as_the_others_are() -> None:
    """Of the same image, with the same user, Secret, account and orders."""
    api = Inherited("sending.json")
    api.ends("demo-s1-1")
    api.ends("demo-m1-1")
    api.settle()
    slave, master = (api.objects["Pod", name]["spec"] for name in ("demo-s1-2", "demo-m1-2"))
    before: dict[str, Any] = api.objects["Pod", "demo-m0-1"]["spec"]
    for spec in (slave, master):
        assert spec["containers"][0]["image"] == "ringrun:1"
        assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
        secrets = [each["volumes"][0]["secret"] for each in (spec, before)]
        assert secrets[0]["secretName"] == secrets[1]["secretName"]
        assert secrets[0]["items"] == secrets[1]["items"]
        for key in ("runAsUser", "runAsGroup", "fsGroup"):
            assert spec["securityContext"][key] == before["securityContext"][key]
    assert master["serviceAccountName"] == before["serviceAccountName"] == "demo-master"
    environments = [
        {each["name"]: each.get("value") for each in spec["containers"][0]["env"]}
        for spec in (master, before)
    ]
    # What is new there a master of before does not read.
    uid = api.run["metadata"]["uid"]
    assert environments[0] == {**environments[1], "RINGRUN_RUN_UID": uid}
    commands = [spec["containers"][0]["command"] for spec in (master, before)]
    assert [command[:4] for command in commands] == [["ringrun", "_pod", "master", "--number"]] * 2


@pytest.mark.parametrize("name", ["demo-orders", "demo-result"])
def test_a_run_that_is_finished_stays_as_it_is(name: str) -> None:
    """Conditions that it lacks are all that may be added."""
    api = Inherited("finished.json")
    before = json.loads((SKEW / "finished.json").read_text())["objects"]
    old = next(each["status"] for each in before if each["kind"] == "RingRun")
    api.delete("ConfigMap", name)
    api.settle()
    status = api.objects["RingRun", "demo"]["status"]
    assert {**status, "conditions": 0} == {**old, "conditions": 0}
    kept = [
        each
        for each in status["conditions"]
        if each["type"] in {c["type"] for c in old["conditions"]}
    ]
    assert kept == old["conditions"]
