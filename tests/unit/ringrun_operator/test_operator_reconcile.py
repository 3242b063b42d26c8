"""What the operator does about a run, against an API server in memory."""

import copy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from api_server import IMAGE, ApiServer
from hypothesis import given, settings
from hypothesis import strategies as st

from ringrun.core.messages import Result
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record
from ringrun.record.lease_object import read_record, with_record
from ringrun_operator.decide.actions import Create, CreatePod, DeletePod, DeleteRun, Replace
from ringrun_operator.decide.cleanup import LINGER
from ringrun_operator.decide.patience import STOP_PATIENCE
from ringrun_operator.decide.plan import Plan
from ringrun_operator.decide.reconcile import reconcile
from ringrun_operator.objects.resources import read_orders
from ringrun_operator.show.obstacles import PREPARED_WITHIN

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NODES = ["demo-m0-1", "demo-m1-1", "demo-s0-1", "demo-s1-1", "demo-s2-1"]


def record(api: ApiServer, **changes: Any) -> Record:
    """The leader writes the record with these changes."""
    lease = api.objects["Lease", "demo"]
    new = read_record(lease).evolve(**changes)
    api.put(with_record(lease, new, NOON))
    return new


def orders(api: ApiServer) -> Any:
    kept = read_orders(api.objects["ConfigMap", "demo-orders"])
    assert kept is not None
    return kept[0]


def members(api: ApiServer) -> tuple[Member, ...]:
    found: tuple[Member, ...] = orders(api).roster
    return found


def started(**spec: Any) -> ApiServer:
    """A run whose pods run, before anybody led."""
    api = ApiServer(**spec)
    api.settle()
    api.runs()
    api.settle()
    return api


def sending(**spec: Any) -> ApiServer:
    """A run in SEND, led by m0."""
    api = started(**spec)
    nodes = tuple(member.node for member in members(api))
    record(api, epoch=1, holder="m0-1", prepared=nodes)
    api.settle()
    record(
        api,
        view=1,
        members=members(api),
        phase=Phase.SEND,
        incarnations=nodes,
        starter=0,
        count=1234,
    )
    api.settle()
    return api


def result(ordinal: int, incarnation: int = 1, count: int = 10, **changes: Any) -> Result:
    values: dict[str, Any] = {
        "ordinal": ordinal,
        "incarnation": incarnation,
        "view": 1,
        "count": count,
        "sum_exact": "55",
        "digest": "ab" * 32,
        "final": False,
        "issued": count,
        "blocks": (),
        "cuts": (),
        "frames_sent": 1,
        "frames_received": 1,
        "cpu_seconds": 0.1,
        "send_seconds": 2.0,
        "grace_seconds": 1.0,
        "longest_gap": 0.1,
        "slowest_peer": -1,
        "slowest_wait": 0.0,
        "latency": (),
    }
    return Result(**(values | changes))


def said(api: ApiServer, ordinal: int) -> None:
    """A slave ends with its result."""
    message = msgspec.json.encode(result(ordinal)).decode()
    api.ends(f"demo-s{ordinal}-1", code=0, message=message)


def conditions(plan: Plan) -> dict[str, tuple[str, str]]:
    assert plan.status is not None
    return {each["type"]: (each["status"], each["reason"]) for each in plan.status["conditions"]}


# Beginning


def test_pods_are_made_after_all_that_they_need_and_after_the_orders() -> None:
    """Nothing refers to what is not there, and no incarnation is used before it is written."""
    api = ApiServer()
    api.settle()
    objects = ["demo-token", *["demo-master"] * 3, "demo", "demo-result", "demo-orders"]
    assert api.made[: len(objects)] == objects
    assert sorted(api.made[len(objects) :]) == NODES
    assert api.pod_names() == NODES
    assert orders(api).version == 1


def test_nothing_is_done_twice() -> None:
    """A look at what is done finds nothing left to do, whatever the status says."""
    api = sending()
    plan = api.look()
    assert not plan.actions
    assert plan.status == api.objects["RingRun", "demo"]["status"]


def test_send_is_ordered_when_the_record_says_all_are_prepared() -> None:
    """And not before."""
    api = started()
    assert orders(api).phase is Phase.START
    assert orders(api).complete
    two = tuple(member.node for member in members(api))[:2]
    record(api, epoch=1, holder="m0-1", prepared=two)
    api.settle()
    assert orders(api).phase is Phase.START
    record(api, prepared=tuple(member.node for member in members(api)))
    api.settle()
    assert orders(api).phase is Phase.SEND


@given(cuts=st.lists(st.integers(0, 14), max_size=12))
@settings(max_examples=60)
def test_an_operator_that_dies_anywhere_is_made_good_by_the_next(cuts: list[int]) -> None:
    """Cut off after any number of actions, any number of times: the same pods, each once."""
    api = ApiServer()
    for cut in cuts:
        api.step(actions=cut)
    api.settle()
    api.runs()
    for cut in cuts:
        api.step(actions=cut)
    api.settle()
    assert api.pod_names() == NODES
    made = [name for name in api.made if name in NODES]
    assert sorted(made) == NODES
    assert [member.incarnation for member in members(api)] == [1, 1, 1]


# Failures


def test_a_slave_that_ended_is_replaced_by_its_next_incarnation() -> None:
    """The orders name the dead and count the replacement before the pod is made."""
    api = sending()
    api.ends("demo-s1-1")
    plan = api.look()
    kinds = [type(action) for action in plan.actions]
    assert kinds == [Replace, CreatePod]
    api.settle()
    assert "demo-s1-2" in api.pod_names()
    assert (1, 1) in orders(api).dead
    assert api.objects["RingRun", "demo"]["status"]["slaves"]["replaced"] == 1


def test_never_two_living_incarnations_on_the_roster() -> None:
    """Whatever is seen of an ordinal, one of its incarnations is to be in the ring."""
    api = sending()
    api.ends("demo-s1-1")
    api.settle()
    api.runs("demo-s1-2")
    api.settle()
    assert [(m.ordinal, m.incarnation) for m in members(api)] == [(0, 1), (1, 2), (2, 1)]


def test_the_lease_of_a_leader_whose_container_ended_is_freed() -> None:
    """By the kubelet's word: holder empty, nothing else changed, and its place is filled."""
    api = sending()
    before = read_record(api.objects["Lease", "demo"])
    api.ends("demo-m0-1")
    api.settle()
    after = read_record(api.objects["Lease", "demo"])
    assert after == before.evolve(holder="")
    assert "demo-m0-2" in api.pod_names()


def test_the_lease_of_a_leader_that_is_merely_gone_is_left_alone() -> None:
    """Gone is not dead: its process may still run on a cluster node that nobody reaches."""
    api = sending()
    api.delete("Pod", "demo-m0-1")
    api.settle()
    assert read_record(api.objects["Lease", "demo"]).holder == "m0-1"
    # Its name is not used again: a holder is unique for each start of a process.
    assert "demo-m0-2" in api.pod_names()
    assert "demo-m0-1" not in api.pod_names()


def test_a_freed_lease_does_not_pass_a_renewal() -> None:
    """The write compares; the one that was late is looked at anew."""
    api = sending()
    api.ends("demo-m0-1")
    plan = api.look()
    record(api, epoch=2, holder="m1-1")
    api.carry_out(plan.actions)
    assert read_record(api.objects["Lease", "demo"]).holder == "m1-1"


def test_masters_that_end_at_once_are_not_made_for_ever() -> None:
    """Five in a row; then the run fails, and says with what words they ended."""
    api = ApiServer(masters=1)
    api.settle()
    for incarnation in range(1, 6):
        api.ends(f"demo-m0-{incarnation}", code=1, message="no such thing", life=0.5)
        api.now += 40.0
        api.settle()
    assert api.pod_names().count("demo-m0-6") == 0
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"]) == ("Failed", "NoMasterLeft")
    message = next(c["message"] for c in found["conditions"] if c["type"] == "Succeeded")
    assert "no such thing" in message


def test_orders_that_are_lost_are_made_again_from_pods_and_record() -> None:
    """The roster and the phase are those that were; no pod is made or deleted."""
    api = sending()
    before = orders(api)
    api.delete("ConfigMap", "demo-orders")
    plan = api.look()
    assert [type(action) for action in plan.actions] == [Create]
    api.settle()
    assert orders(api).roster == before.roster
    assert orders(api).phase is Phase.SEND
    assert api.pod_names() == NODES


@pytest.mark.parametrize("how", ["gone", "another"])
def test_a_record_that_is_lost_ends_the_run_and_is_never_made_again(how: str) -> None:
    """Another Lease of the same name is not the record."""
    api = sending()
    lease = copy.deepcopy(api.objects["Lease", "demo"])
    api.delete("Lease", "demo")
    if how == "another":
        lease["metadata"]["uid"] = "u-other"
        api.objects["Lease", "demo"] = lease
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"]) == ("Failed", "RecordLost")
    assert (("Lease", "demo") in api.objects) == (how == "another")
    # What is shown of epoch and view does not go down with it.
    assert (found["master"]["epoch"], found["view"]) == (1, 1)


def test_slaves_without_a_record_have_their_own_time_to_end() -> None:
    """Nobody can stop them, so they are left until their clocks are up."""
    api = sending(periods={"sendMilliseconds": 60_000, "graceMilliseconds": 1_000})
    api.delete("Lease", "demo")
    api.settle()
    api.now += LINGER + 1.0
    assert not api.look().actions
    api.now += 61.0
    assert any(isinstance(action, DeletePod) for action in api.look().actions)


def test_a_run_without_a_master_is_reported_from_termination_messages() -> None:
    """The slaves ended by their clocks; the verdict is by the same table."""
    api = sending()
    for name in ("demo-m0-1", "demo-m1-1"):
        api.ends(name)
    for ordinal in range(3):
        said(api, ordinal)
    api.settle()
    api.now += 1000.0
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["count"]) == ("Agreed", 10)
    assert found["slaves"]["reported"] == 3


# Stopping


def test_a_suspended_run_has_no_pods_and_no_start_clock() -> None:
    """Its deadline cannot pass while it is suspended, and it begins when it is not."""
    api = ApiServer(suspend=True)
    api.settle()
    api.now += 10_000.0
    plan = api.settle()
    assert not api.pod_names()
    assert plan.status is not None
    assert plan.status["phase"] == ""
    assert "startTime" not in plan.status
    assert conditions(plan)["Suspended"] == ("True", "Suspended")
    api.patch("RingRun", "demo", spec={"nodes": 3, "suspend": False})
    api.settle()
    assert api.pod_names() == NODES


def test_suspending_before_send_takes_the_pods_away_and_resuming_uses_new_names() -> None:
    """No incarnation is used twice, masters' included."""
    api = started()
    api.patch("RingRun", "demo", spec={"nodes": 3, "suspend": True})
    api.settle()
    pods = [api.objects["Pod", name] for name in api.pod_names()]
    assert all("deletionTimestamp" in pod["metadata"] for pod in pods)
    for name in api.pod_names():
        api.delete("Pod", name)
    api.settle()
    api.patch("RingRun", "demo", spec={"nodes": 3, "suspend": False})
    api.settle()
    assert api.pod_names() == [name[:-1] + "2" for name in NODES]


@pytest.mark.parametrize(
    ("holder", "what"), [("", "no master leads"), ("m0-1", "the leader has not prepared them")]
)
def test_a_ring_that_is_not_prepared_says_where_to_look(holder: str, what: str) -> None:
    """All pods are ready, and nobody outside of them knows what keeps them."""
    api = started(startDeadlineSeconds=60)
    record(api, epoch=1, holder=holder)
    plan = api.settle()
    assert plan.again == pytest.approx(api.now + PREPARED_WITHIN)
    assert plan.status is not None
    assert plan.status["reason"] == ""
    api.now = plan.again
    plan = api.settle()
    assert plan.status is not None
    assert plan.status["reason"] == "NotPrepared"
    assert plan.again == pytest.approx(1000.0 + 60.0)
    held = {each["type"]: each["message"] for each in plan.status["conditions"]}
    assert held["Succeeded"] == (
        f"All 3 slaves are ready, but {what}; what they say: "
        "kubectl logs -l ringrun.dev/run=demo --prefix --tail 3. "
        "The run fails at 1m00s unless that is mended."
    )
    record(api, prepared=tuple(member.node for member in members(api)))
    plan = api.settle()
    assert plan.status is not None
    assert plan.status["reason"] == ""


def test_an_abort_is_ordered_and_done_without_a_leader_if_it_must() -> None:
    """Whoever leads has ten seconds for it."""
    api = sending()
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True})
    api.settle()
    assert (orders(api).phase, orders(api).stop_reason) == (Phase.STOP, "Aborted")
    assert "completionTime" not in api.objects["RingRun", "demo"]["status"]
    api.now += STOP_PATIENCE
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"], found["phase"]) == ("Failed", "Aborted", "STOP")


def test_a_run_that_cannot_start_ends_at_its_deadline_with_its_reason() -> None:
    """In the words of the kubelet; until then it says what will come of it."""
    api = ApiServer(startDeadlineSeconds=60)
    api.settle()
    for name in NODES:
        api.waits(name, "ImagePullBackOff", "Back-off pulling image x:1: not found")
    plan = api.settle()
    assert plan.again == pytest.approx(1000.0 + 60.0)
    assert plan.status is not None
    assert plan.status["reason"] == "ImagePullFailed"
    message = next(c["message"] for c in plan.status["conditions"] if c["type"] == "SlavesReady")
    assert message == (
        "3 of 3 slaves wait for their image x:1: Back-off pulling image x:1: not found. "
        "The run fails at 1m00s unless it can be pulled."
    )
    api.now = plan.again
    api.settle()
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"]) == ("Failed", "StartDeadlineExceeded")
    told = next(c["message"] for c in found["conditions"] if c["type"] == "Succeeded")
    assert "not found" in told


def test_refused_pods_are_told_in_the_api_servers_words() -> None:
    """And asked for again."""
    api = ApiServer()
    api.settle()
    for name in NODES:
        api.delete("Pod", name)
    api.refusals = {"demo-s0-1": 'pods "demo-s0-1" is forbidden: exceeded quota: none'}
    plan = api.look()
    assert plan.status is not None
    assert plan.status["reason"] == "QuotaExceeded"
    assert conditions(plan)["PodsCreated"] == ("False", "QuotaExceeded")
    made = [a.object["metadata"]["name"] for a in plan.actions if isinstance(a, CreatePod)]
    assert "demo-s0-1" in made


# After the end


def finished(**spec: Any) -> ApiServer:
    """A run that was aborted, and whose report is stored."""
    api = sending(**spec)
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True, **spec})
    api.settle()
    api.now += STOP_PATIENCE
    api.settle()
    return api


def test_what_still_runs_after_the_end_is_deleted_in_time() -> None:
    """It has fifteen seconds to end by itself; what ended is kept for its logs."""
    api = finished()
    api.ends("demo-s0-1", code=0)
    plan = api.look()
    assert not plan.actions
    api.now = plan.again
    names = [a.name for a in api.look().actions if isinstance(a, DeletePod)]
    assert names == [name for name in NODES if name != "demo-s0-1"]


def test_pods_are_cleaned_up_only_when_the_report_is_stored() -> None:
    """cleanup: DeletePods."""
    api = sending(cleanup="DeletePods")
    for ordinal in range(3):
        said(api, ordinal)
    plan = api.look()
    assert not any(isinstance(action, DeletePod) for action in plan.actions)
    api.now += 1000.0
    api.settle()
    assert any(
        "deletionTimestamp" in api.objects["Pod", name]["metadata"] for name in api.pod_names()
    )


def test_a_run_goes_when_its_time_is_over_and_not_before() -> None:
    """ttlSecondsAfterFinished counts from the end that was written down."""
    api = finished(ttlSecondsAfterFinished=30)
    end = api.now
    assert not any(isinstance(action, DeleteRun) for action in api.look().actions)
    api.now = end + 30.0
    assert any(isinstance(action, DeleteRun) for action in api.look().actions)


def test_an_edit_after_the_end_restamps_every_condition() -> None:
    """`kubectl wait` hangs where a condition is behind the object."""
    api = finished()
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True, "ttlSecondsAfterFinished": 9999})
    plan = api.settle()
    generation = api.objects["RingRun", "demo"]["metadata"]["generation"]
    assert plan.status is not None
    assert {each["observedGeneration"] for each in plan.status["conditions"]} == {generation}


def test_a_run_that_is_being_deleted_is_left_alone() -> None:
    """Its pods go with it, without the operator."""
    api = sending()
    api.patch("RingRun", "demo", deletionTimestamp="1970-01-01T00:16:40Z")
    assert api.look() == Plan()


def test_a_spec_that_run_spec_refuses_is_told_and_nothing_is_made() -> None:
    """The schema lets none through; a schema of another version may have."""
    api = ApiServer(nodes=1)
    plan = api.look()
    assert not plan.actions
    assert conditions(plan)["Succeeded"] == ("False", "InvalidSpec")
    assert conditions(plan)["Finished"] == ("True", "InvalidSpec")


# All at once


PODS = st.lists(
    st.tuples(
        st.sampled_from(["s0", "s1", "s2", "m0", "m1"]),
        st.integers(1, 4),
        st.sampled_from(["pending", "running", "ended", "deleting", "gone"]),
    ),
    max_size=12,
)


@given(
    pods=PODS,
    begun=st.sampled_from(["start", "send"]),
    orders_lost=st.booleans(),
    result_lost=st.booleans(),
)
@settings(max_examples=150)
def test_it_settles_from_whatever_it_finds(
    pods: list[tuple[str, int, str]], begun: str, orders_lost: bool, result_lost: bool
) -> None:
    """Never two pods of one name, never two living incarnations on the roster, and then rest."""
    api = sending(failurePolicy={"maxReplacements": 1000}) if begun == "send" else started()
    for node, incarnation, state in pods:
        name = f"demo-{node}-{incarnation}"
        if ("Pod", name) not in api.objects:
            pod = (
                copy.deepcopy(api.objects["Pod", f"demo-{node}-1"])
                if (("Pod", f"demo-{node}-1") in api.objects)
                else None
            )
            if pod is None:
                continue
            pod["metadata"]["name"] = name
            pod["metadata"].pop("deletionTimestamp", None)
            pod["metadata"]["uid"] = f"u-{name}"
            pod["status"] = {}
            api.objects["Pod", name] = pod
        if state == "running":
            api.runs(name)
        elif state == "ended":
            api.ends(name)
        elif state == "deleting":
            api.patch("Pod", name, deletionTimestamp="1970-01-01T00:16:40Z")
        elif state == "gone":
            api.delete("Pod", name)
    if orders_lost:
        api.delete("ConfigMap", "demo-orders")
    if result_lost:
        api.delete("ConfigMap", "demo-result")
    made = len(api.made)
    api.settle(40)
    new = [name for name in api.made[made:] if name[5] in "sm" and name[6].isdigit()]
    assert len(new) == len(set(new))
    ordinals = [member.ordinal for member in members(api)]
    assert ordinals == sorted(set(ordinals))
    again = reconcile(api.world(), IMAGE, api.now)
    assert not again.actions
    assert again.status == api.objects["RingRun", "demo"]["status"]
