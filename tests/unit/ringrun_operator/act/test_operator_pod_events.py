"""Which pods' events are asked for, how often, and which of them is the last."""

from typing import Any

import pytest
from api_server import ApiServer
from memory_cluster import MemoryCluster
from virtual_time import in_virtual_time

from ringrun.record.api import Refused
from ringrun_operator.act.pod_events import PODS_ASKED_FOR, PodEvents
from ringrun_operator.objects.hanging import ASK_EVERY, Said


class Told(MemoryCluster):
    """One that has these events about every pod, and counts who asks."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        super().__init__(ApiServer())
        self.events = events
        self.asked_about: list[str] = []
        self.refuses = False

    async def events_about(self, namespace: str, uid: str) -> list[dict[str, Any]]:
        assert namespace == "lab"
        self.asked_about.append(uid)
        if self.refuses:
            raise Refused(403, "events is forbidden")
        return self.events


def pod(uid: str, role: str = "slave", **state: Any) -> dict[str, Any]:
    waiting = state or {"waiting": {"reason": "ContainerCreating"}}
    return {
        "metadata": {
            "name": f"p-{uid}",
            "uid": uid,
            "creationTimestamp": "1970-01-01T00:16:40Z",
            "labels": {"ringrun.dev/role": role},
        },
        "spec": {"nodeName": "node-b"},
        "status": {"phase": "Pending", "containerStatuses": [{"name": role, "state": waiting}]},
    }


EVENTS = [
    {"reason": "FailedMount", "message": "no\n such  map", "lastTimestamp": "2026-01-01T00:00:09Z"},
    {"reason": "Scheduled", "message": "on node-b", "eventTime": "2026-01-01T00:00:01.5Z"},
]


@in_virtual_time
async def test_the_last_event_of_a_stalled_pod_is_told_and_asked_for_seldom() -> None:
    """On one line; however often there is a look."""
    cluster, now = Told(EVENTS), [1005.0]
    events = PodEvents(cluster, lambda: now[0])
    for _ in range(3):
        found = await events.about("lab", [pod("a")])
        assert found == {"p-a": Said("FailedMount", "no such map")}
    assert cluster.asked_about == ["a"]
    now[0] += ASK_EVERY
    await events.about("lab", [pod("a")])
    assert cluster.asked_about == ["a", "a"]


@in_virtual_time
async def test_a_few_pods_are_enough() -> None:
    """And those that run are not asked about."""
    cluster = Told(EVENTS)
    events = PodEvents(cluster, lambda: 1005.0)
    pods = [pod("r", running={}), *(pod(f"u{number}") for number in range(20))]
    found = await events.about("lab", pods)
    assert len(found) == len(cluster.asked_about) == PODS_ASKED_FOR


@in_virtual_time
async def test_slaves_are_asked_about_before_masters() -> None:
    """What is shown is theirs first, whatever the order in which pods were made or listed."""
    cluster = Told(EVENTS)
    masters = [pod(f"m{number}", "master") for number in range(PODS_ASKED_FOR)]
    found = await PodEvents(cluster, lambda: 1005.0).about("lab", [*masters, pod("s")])
    assert cluster.asked_about == ["s", "m0", "m1"]
    assert "p-s" in found


@pytest.mark.parametrize(
    ("later", "wanted"),
    [
        (
            {
                "reason": "PolicyViolation",
                "source": {"component": "kyverno-scan"},
                "lastTimestamp": "2026-01-01T00:00:59Z",
            },
            "FailedMount",
        ),
        ({"reason": "Started", "source": {"component": "kubelet"}}, "Started"),
        ({"reason": "Started", "reportingComponent": "kubelet"}, "Started"),
    ],
)
@in_virtual_time
async def test_what_strangers_say_of_a_pod_hides_nothing(
    later: dict[str, Any], wanted: str
) -> None:
    """The kubelet repeats itself every two minutes only; of one second, the later counts."""
    mount = EVENTS[0] | {"source": {"component": "kubelet"}}
    told = [mount, {"message": "x", "lastTimestamp": mount["lastTimestamp"], **later}]
    found = await PodEvents(Told(told), lambda: 1005.0).about("lab", [pod("a")])
    assert found["p-a"].reason == wanted


@in_virtual_time
async def test_events_that_may_not_be_listed_are_none() -> None:
    """What explains nothing must not keep a run from going on."""
    cluster = Told(EVENTS)
    cluster.refuses = True
    assert await PodEvents(cluster, lambda: 1005.0).about("lab", [pod("a")]) == {}


@in_virtual_time
async def test_what_was_told_of_pods_that_are_gone_is_forgotten() -> None:
    """An operator lives longer than the pods that hung."""
    cluster, now = Told(EVENTS), [1005.0]
    events = PodEvents(cluster, lambda: now[0])
    for number in range(50):
        await events.about("lab", [pod(f"u{number}")])
        now[0] += ASK_EVERY
    assert len(events._told) <= 10
