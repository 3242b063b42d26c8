"""What `helm test` runs: how it ends, what it says, and that nothing stays (selftest)."""

from typing import Any

import pytest
from memory_cluster import Call, MemoryCluster, WatchedServer
from virtual_time import START, in_virtual_time, now

from ringrun.record.api import ApiError
from ringrun_operator.selftest import LOOK_EVERY, selftest

FINISHED = {"type": "Finished", "status": "True", "reason": "Agreed", "message": "all agree"}
RUNNING = {"type": "Finished", "status": "False", "reason": "Sending", "message": "in SEND"}
NAME = ("RingRun", "test")


def cluster_where(*statuses: dict[str, Any]) -> MemoryCluster:
    """A run that is made has the next of these statuses at every look, and the last for ever."""
    server = WatchedServer(now=START)
    cluster = MemoryCluster(server)
    left = [*statuses]

    async def look(call: Call) -> None:
        if call.verb == "get" and NAME in server.objects and left:
            server.patch(*NAME, status=left.pop(0))

    cluster.before = look
    return cluster


def test_a_run_that_agrees_is_a_success_and_is_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    """As soon as it has finished, and not before."""

    @in_virtual_time
    async def scenario() -> None:
        agreed = {"verdict": "Agreed", "count": 70, "view": 1, "conditions": [FINISHED]}
        cluster = cluster_where({}, {"conditions": [RUNNING]}, agreed)
        assert await selftest(cluster, "lab", "test", 60.0) == 0
        assert now() == START + 3 * LOOK_EVERY
        assert NAME not in cluster.objects.objects

    scenario()
    said = capsys.readouterr().out.splitlines()
    assert said == ["RingRun lab/test created", "Agreed: 70 messages in view 1 (-n lab)"]


def test_another_verdict_is_a_failure_in_the_conditions_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @in_virtual_time
    async def scenario() -> None:
        lost = {**FINISHED, "reason": "Partial", "message": "one is lost"}
        cluster = cluster_where({"verdict": "Partial", "conditions": [lost]})
        assert await selftest(cluster, "lab", "test", 60.0) == 1
        assert NAME not in cluster.objects.objects

    scenario()
    said = capsys.readouterr().out.splitlines()
    assert said[1:] == [
        "Partial: 0 messages in view 0 (-n lab)",
        "Finished=True Partial: one is lost",
    ]


def test_a_run_that_does_not_finish_in_time_is_a_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is given so long itself, and is deleted all the same."""

    @in_virtual_time
    async def scenario() -> None:
        cluster = cluster_where({"conditions": [RUNNING]})
        specs: list[int] = []

        async def note(call: Call) -> None:
            if call.verb == "create":
                specs.append(cluster.objects.objects[NAME]["spec"]["startDeadlineSeconds"])

        cluster.after = note
        assert await selftest(cluster, "lab", "test", 10.0) == 1
        assert now() == START + 10.0
        assert specs == [10]
        assert NAME not in cluster.objects.objects

    scenario()
    assert "no verdict" in capsys.readouterr().out


def test_a_run_that_nobody_looks_at_is_a_failure_of_the_operators(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It has no conditions, so that is all that can be told."""

    @in_virtual_time
    async def scenario() -> None:
        assert await selftest(cluster_where({}), "lab", "test", 10.0) == 1

    scenario()
    assert capsys.readouterr().out.splitlines()[1:] == [
        "no verdict: 0 messages in view 0 (-n lab)",
        "no operator has looked at it: does one watch the namespace lab?",
    ]


@in_virtual_time
async def test_what_an_earlier_test_left_is_taken_away_first() -> None:
    """Its verdict is not this one's."""
    cluster = cluster_where({"verdict": "Failed", "conditions": [FINISHED]})
    old = {"kind": "RingRun", "metadata": {"name": "test", "namespace": "lab"}, "spec": {}}
    kept = cluster.objects.put(old)
    fresh: list[bool] = []

    async def note(call: Call) -> None:
        if call.verb == "create":
            uid = cluster.objects.objects[NAME]["metadata"]["uid"]
            fresh.append(uid != kept["metadata"]["uid"])

    cluster.after = note
    await selftest(cluster, "lab", "test", 1.0)
    assert fresh == [True]


@in_virtual_time
async def test_a_cluster_that_is_lost_meanwhile_is_an_error_and_the_run_is_deleted() -> None:
    cluster = cluster_where()

    async def fail(call: Call) -> None:
        if call.verb == "get" and NAME in cluster.objects.objects:
            raise ApiError("no answer")

    cluster.before = fail
    with pytest.raises(ApiError, match="no answer"):
        await selftest(cluster, "lab", "test", 60.0)
    assert NAME not in cluster.objects.objects
