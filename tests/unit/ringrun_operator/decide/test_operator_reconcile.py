"""One look after the other, from the first to rest: what is made, in which order, and only once."""

import copy

from api_server import DEFAULTS, ApiServer
from hypothesis import given, settings
from hypothesis import strategies as st
from runs_in_memory import (
    NODES,
    conditions,
    members,
    orders,
    sending,
    started,
)

from ringrun.core.phase import Phase
from ringrun_operator.decide.actions import Create
from ringrun_operator.decide.plan import Plan
from ringrun_operator.decide.reconcile import reconcile


def test_pods_are_made_after_all_that_they_need_and_after_the_orders() -> None:
    """Nothing refers to what is not there, and no incarnation is used before it is written."""
    api = ApiServer()
    api.settle()
    rights = ["demo-token-feed", *["demo-master-feed"] * 3]
    objects = [api.orders_key[1], "demo", "demo-result", *rights]
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


def test_orders_that_are_lost_are_made_again_from_pods_and_record() -> None:
    """The roster and the phase are those that were; no pod is made or deleted."""
    api = sending()
    before = orders(api)
    api.delete(*api.orders_key)
    plan = api.look()
    assert [type(action) for action in plan.actions] == [Create]
    api.settle()
    assert orders(api).roster == before.roster
    assert orders(api).phase is Phase.SEND
    assert api.pod_names() == NODES


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
        api.delete(*api.orders_key)
    if result_lost:
        api.delete("ConfigMap", "demo-result")
    made = len(api.made)
    api.settle(40)
    new = [name for name in api.made[made:] if name[5] in "sm" and name[6].isdigit()]
    assert len(new) == len(set(new))
    ordinals = [member.ordinal for member in members(api)]
    assert ordinals == sorted(set(ordinals))
    again = reconcile(api.world(), DEFAULTS, api.now)
    assert not again.actions
    assert again.status == api.objects["RingRun", "demo"]["status"]
