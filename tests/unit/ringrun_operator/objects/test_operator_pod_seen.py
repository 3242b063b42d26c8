"""What a pod says of the node in it, in the words of the kubelet and the scheduler."""

from typing import Any

import msgspec
import pytest
from runs_in_memory import result

from ringrun_operator.objects.pod_seen import PodSeen, see_pod


def see(status: dict[str, Any] | None = None, node: str = "s0-1", **metadata: Any) -> PodSeen:
    pod = {"metadata": {"name": f"demo-{node}", "uid": "u-1", **metadata}, "status": status}
    found = see_pod("demo", pod)
    assert found is not None
    return found


def container(name: str = "slave", **state: Any) -> dict[str, Any]:
    return {
        "phase": "Running",
        "containerStatuses": [{"name": name, "image": "x:1", "state": state}],
    }


def test_a_pod_of_another_run_is_none() -> None:
    """Nor is one that only begins like ours."""
    assert see_pod("demo", {"metadata": {"name": "demo-2-s0-1", "uid": "u-1"}}) is None


def test_a_pod_that_says_nothing_yet_lives_and_does_not_run() -> None:
    """The API server keeps it before a kubelet has seen it."""
    seen = see()
    assert (seen.living, seen.running, seen.ready, seen.cause) == (True, False, False, "")


def test_an_end_is_the_containers_and_not_the_phases() -> None:
    """The phase comes a second later; a pod that never had a container has nothing else."""
    ended = see(container(terminated={"exitCode": 137, "reason": "OOMKilled"}))
    assert (ended.ended, ended.ended_by_kubelet) == (True, True)
    assert ended.cause == "exit code 137 (OOMKilled)"
    evicted = see({"phase": "Failed", "reason": "Evicted", "message": "low on\n memory"})
    assert (evicted.ended, evicted.ended_by_kubelet) == (True, False)
    assert evicted.cause == "Evicted: low on memory"


def test_a_pod_that_no_kubelet_would_run_ended_when_it_was_made() -> None:
    """Or the master after it would be made at once, again and again, until none is made."""
    rejected = see(
        {"phase": "Failed", "reason": "OutOfcpu"}, creationTimestamp="1970-01-01T00:16:40Z"
    )
    assert (rejected.ended, rejected.ended_at, rejected.lifetime) == (True, 1000.0, 0.0)


def test_a_pod_that_is_being_deleted_is_not_living_and_not_ended() -> None:
    """Its process may still serve."""
    seen = see(container(running={}), deletionTimestamp="1970-01-01T00:16:40Z")
    assert (seen.living, seen.ended, seen.running, seen.cause) == (
        False,
        False,
        True,
        "pod deleted",
    )


def test_what_a_process_said_last_is_why_it_ended() -> None:
    """The last line that says anything."""
    seen = see(container(terminated={"exitCode": 1, "message": "a\nno such thing\n\n"}))
    assert seen.cause == "exit code 1: no such thing"
    line = '{"time": "2026-01-01T00:00:00Z", "level": "error", "message": "no such key"}'
    assert see(container(terminated={"exitCode": 1, "message": line})).cause.endswith(
        ": no such key"
    )
    odd = see(container(terminated={"exitCode": 1, "message": "{no"}))
    assert odd.cause == "exit code 1: {no"


@pytest.mark.parametrize(
    ("waiting", "trouble"),
    [
        ("ImagePullBackOff", "ImagePullFailed"),
        ("CreateContainerError", "ContainerFailed"),
        ("ContainerCreating", None),
    ],
)
def test_why_a_container_waits_comes_down_to_a_word(waiting: str, trouble: str | None) -> None:
    """What is merely on its way is no trouble."""
    seen = see(container(waiting={"reason": waiting, "message": "words"}))
    assert (seen.trouble, seen.words) == (trouble, "words" if trouble else "")


def test_a_pod_without_a_place_says_so_in_the_schedulers_words() -> None:
    """It has no container yet that could."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    seen = see({"conditions": [{**condition, "message": "0/3 nodes"}]})
    assert (seen.trouble, seen.words) == ("Unschedulable", "0/3 nodes")


def test_a_slave_leaves_its_result_and_a_master_none() -> None:
    """As the termination message of its container."""
    message = msgspec.json.encode(result(0)).decode()
    state = container(terminated={"exitCode": 0, "message": message})
    assert see(state).result == result(0)
    master = container("master", terminated={"exitCode": 0, "message": message})
    assert see(master, node="m0-1").ended
    assert see(master, node="m0-1").result is None
    assert see(container(terminated={"exitCode": 0, "message": "{"})).result is None


def test_a_slave_is_dialled_as_soon_as_it_runs() -> None:
    """And not while its address says nothing about a process."""
    address = {"podIP": "10.0.0.1"}
    assert see({**container(running={}), **address}).as_slave().port > 0
    assert see({**container(waiting={}), **address}).as_slave().port == 0


def beside(
    slave: dict[str, Any], *others: dict[str, Any], phase: str = "Running"
) -> dict[str, Any]:
    """A sidecar stands before the slave, whatever that does."""
    proxy = {"name": "a-proxy", "image": "proxy:1", "ready": True, "state": {"running": {}}}
    return {"phase": "Running", "containerStatuses": [proxy, {"name": "slave", **slave}, *others]}


def test_the_container_called_slave_decides_and_not_the_first() -> None:
    """Whatever was injected beside it goes on running."""
    ended = see(beside({"image": "x:1", "state": {"terminated": {"exitCode": 137}}}))
    assert (ended.ended, ended.running, ended.outlived) == (True, False, True)
    assert (ended.image, ended.cause) == ("x:1", "exit code 137")
    starting = see(beside({"state": {"waiting": {"reason": "ContainerCreating"}}}))
    assert (starting.ended, starting.running, starting.ready) == (False, False, False)
    up = see(beside({"ready": True, "state": {"running": {}}}))
    assert (up.running, up.ready, up.outlived) == (True, True, False)


def test_a_sidecar_that_ends_or_never_starts_ends_no_slave() -> None:
    """Nor does a pod that is not Ready for its sake."""
    dead = {"name": "b-proxy", "state": {"terminated": {"exitCode": 1}}}
    stuck = {"name": "c-proxy", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    status = beside({"ready": True, "state": {"running": {}}}, dead, stuck)
    status["conditions"] = [{"type": "Ready", "status": "False"}]
    seen = see(status)
    assert (seen.ended, seen.running, seen.ready, seen.trouble) == (False, True, True, None)


def test_a_pod_without_the_nodes_container_says_nothing_of_it() -> None:
    """Its sidecar's state is not the slave's."""
    status = beside({})
    del status["containerStatuses"][1]
    status["ephemeralContainerStatuses"] = [{"name": "slave", "state": {"terminated": {}}}]
    seen = see(status)
    assert (seen.ended, seen.running, seen.image) == (False, False, "")


def test_what_outlives_a_slave_is_told_to_end_once() -> None:
    """A native sidecar is none: the kubelet ends it. A pod that was told is not told again."""
    status = beside({"state": {"terminated": {"exitCode": 0}}})
    assert see(status).outlived
    pod = {
        "metadata": {"name": "demo-s0-1", "uid": "u-1"},
        "spec": {"activeDeadlineSeconds": 1},
        "status": status,
    }
    told = see_pod("demo", pod)
    assert told is not None
    assert not told.outlived
    assert not see({**status, "phase": "Succeeded"}).outlived


def test_an_init_container_that_fails_is_why_a_pod_ended() -> None:
    """Its slave never ran."""
    status = {
        "phase": "Failed",
        "containerStatuses": [
            {"name": "slave", "state": {"waiting": {"reason": "PodInitializing"}}}
        ],
        "initContainerStatuses": [
            {"name": "setup", "state": {"terminated": {"exitCode": 3, "message": "no route"}}}
        ],
    }
    seen = see(status)
    assert (seen.ended, seen.ended_by_kubelet) == (True, False)
    assert seen.cause == "init container setup: exit code 3: no route"
