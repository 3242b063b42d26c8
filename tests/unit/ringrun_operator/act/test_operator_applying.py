"""What is done about an object that is there already, under a name that the run needs."""

from typing import Any

import pytest
from controller_at_work import PODS, operating, status, world
from memory_cluster import Call
from virtual_time import in_virtual_time, pass_time

from ringrun.record.api import Refused
from ringrun_operator.act.applying import STALE_PATIENCE
from ringrun_operator.act.controller import REFUSED_RETRY


def lease(owner: str) -> dict[str, Any]:
    """A Lease of the run's name that the run with this uid controls."""
    reference = {"kind": "RingRun", "name": "demo", "uid": owner, "controller": True}
    metadata = {"name": "demo", "namespace": "lab", "ownerReferences": [reference]}
    return {"kind": "Lease", "metadata": metadata}


@in_virtual_time
async def test_an_object_of_a_run_that_was_just_deleted_is_waited_for() -> None:
    """It has the name, and goes; then the run's own is made, and nothing is told of it."""
    server, cluster = world()
    server.put(lease("u-before"))
    async with operating(cluster):
        await pass_time(STALE_PATIENCE / 2.0)
        assert server.made == [server.orders_key[1]]
        assert cluster.told == []
        server.delete("Lease", "demo")
        await pass_time(STALE_PATIENCE / 2.0)
    made = server.objects["Lease", "demo"]
    assert made["metadata"]["ownerReferences"][0]["uid"] == server.run["metadata"]["uid"]
    assert server.pod_names() == PODS


@in_virtual_time
async def test_an_object_that_stays_though_its_run_is_gone_is_told() -> None:
    """As where the garbage collector does not get on."""
    server, cluster = world()
    server.put(lease("u-before"))
    async with operating(cluster):
        await pass_time(2.0 * STALE_PATIENCE)
        told = str(status(server)["conditions"])
        assert status(server)["reason"] == "NameTaken"
        assert "left of a run of this name that was deleted" in told


@in_virtual_time
async def test_an_object_that_an_operator_made_before_it_died_is_ours() -> None:
    """The watch need not have told of it."""
    server, cluster = world()
    server.put(lease(server.run["metadata"]["uid"]))
    kept = server.objects["Lease", "demo"]
    async with operating(cluster) as watched:
        watched.controller.store.drop("Lease", kept)
        await pass_time()
        assert cluster.asked("create", "Lease", "demo")
    assert server.objects["Lease", "demo"] == kept
    assert server.pod_names() == PODS


TAKEN = [
    ("Lease", "demo", {}, "it belongs to nobody"),
    ("ConfigMap", "demo-result", {}, "it belongs to nobody"),
    (
        "ConfigMap",
        "demo-result",
        {"ownerReferences": [{"kind": "Deployment", "name": "shop", "controller": True}]},
        "it belongs to Deployment shop",
    ),
    (
        "ConfigMap",
        "demo-result",
        # Anybody may name the run as an owner; its controller is another.
        {"ownerReferences": [{"kind": "RingRun", "name": "demo", "uid": "u-1"}]},
        "it belongs to nobody",
    ),
    ("ConfigMap", "demo-orders-u-1", {"labels": {"ringrun.dev/run": "demo"}}, "belongs to nobody"),
]


@pytest.mark.parametrize(("kind", "name", "metadata", "whose"), TAKEN)
def test_a_name_that_another_has_is_told_and_nothing_follows(
    kind: str, name: str, metadata: dict[str, Any], whose: str
) -> None:
    """No right is given and no pod made; when it is gone, the run begins."""

    @in_virtual_time
    async def scenario() -> None:
        server, cluster = world()
        server.put(
            {
                "kind": kind,
                "metadata": {"name": name, "namespace": "lab", **metadata},
                "data": {"theirs": "yes"},
            }
        )
        kept = server.objects[kind, name]
        async with operating(cluster):
            await pass_time()
            told = status(server)
            assert told["reason"] == "NameTaken"
            held = {each["type"]: each for each in told["conditions"]}
            said = held["PodsCreated"]["message"]
            assert said.startswith(f"{kind} {name} is not this run's (")
            assert whose in said
            assert said.endswith("Delete it, or choose another name for the run.")
            assert held["Succeeded"]["reason"] == "NameTaken"
            assert [event.reason for event in cluster.told] == ["NameTaken"]
            await pass_time(100.0)
            assert server.objects[kind, name] == kept
            assert not [made for made in server.made if made in PODS or "feed" in made]
            server.delete(kind, name)
            await pass_time(REFUSED_RETRY)
        assert server.pod_names() == PODS
        assert status(server)["reason"] == ""

    scenario()


@in_virtual_time
async def test_a_run_whose_name_stays_taken_fails_at_its_deadline() -> None:
    """Its report has no place, so the status alone says so, and stays as it is."""
    server, cluster = world(startDeadlineSeconds=60)
    server.put({"kind": "ConfigMap", "metadata": {"name": "demo-result", "namespace": "lab"}})
    kept = server.objects["ConfigMap", "demo-result"]
    async with operating(cluster):
        await pass_time(61.0)
        told = status(server)
        assert (told["verdict"], told["reason"]) == ("Failed", "StartDeadlineExceeded")
        held = {each["type"]: each for each in told["conditions"]}
        assert "ConfigMap demo-result is not this run's" in held["Succeeded"]["message"]
        assert held["Finished"]["status"] == "True"
        assert server.objects["ConfigMap", "demo-result"] == kept
        server.delete("ConfigMap", "demo-result")
        await pass_time(100.0)
    assert status(server) == told
    assert server.pod_names() == []


@in_virtual_time
async def test_what_pods_need_and_the_api_server_refuses_is_told_in_its_words() -> None:
    """And asked for again: a right may be given, a quota lifted."""
    server, cluster = world()
    lacks = True

    async def refuse(call: Call) -> None:
        if lacks and call.kind == "RoleBinding":
            raise Refused(403, 'rolebindings is forbidden: User "x" cannot create')

    cluster.before = refuse
    async with operating(cluster):
        await pass_time()
        assert status(server)["reason"] == "ObjectsRefused"
        said = next(c for c in status(server)["conditions"] if c["type"] == "PodsCreated")
        assert said["message"] == (
            "RoleBinding demo-master-feed was refused: rolebindings is forbidden: "
            'User "x" cannot create. The run fails at 5m00s unless that is mended.'
        )
        assert not [name for name in server.pod_names() if name in PODS]
        for key in [key for key in server.objects if key[1].endswith("feed")]:
            server.delete(*key)
        lacks = False
        await pass_time(REFUSED_RETRY)
    assert server.pod_names() == PODS


@in_virtual_time
async def test_a_mark_that_is_taken_makes_place_for_another() -> None:
    """Nobody can know it before it is used, so it takes chance to meet one."""
    server, cluster = world()
    server.put({"kind": "Secret", "metadata": {"name": "demo-token-feed", "namespace": "lab"}})
    marks = iter(["feed"] * 3 + ["cafe"] * 40)
    async with operating(cluster) as watched:
        watched.controller._mark = lambda: next(marks)
        await pass_time(5.0)
    assert server.pod_names() == PODS
    volume = server.objects["Pod", "demo-s0-1"]["spec"]["volumes"][0]
    assert volume["secret"]["secretName"] == "demo-token-cafe"
    assert server.objects["Pod", "demo-m0-1"]["spec"]["serviceAccountName"] == "demo-master-cafe"


@in_virtual_time
async def test_a_pod_whose_name_another_has_is_told_and_the_others_are_made() -> None:
    """Until it is gone; it is never taken for the run's slave."""
    server, cluster = world()
    server.put({"kind": "Pod", "metadata": {"name": "demo-s1-1", "namespace": "lab"}})
    async with operating(cluster):
        await pass_time()
        assert status(server)["reason"] == "NameTaken"
        assert "Pod demo-s1-1 is not this run's" in str(status(server)["conditions"])
        assert server.pod_names() == PODS
        server.delete("Pod", "demo-s1-1")
        await pass_time(REFUSED_RETRY)
        assert status(server)["reason"] == ""
    assert "labels" in server.objects["Pod", "demo-s1-1"]["metadata"]
