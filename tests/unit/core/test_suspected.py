"""Whole runs in which nobody dies, but somebody is not reached: who is left out, and that it heals.

Links that stay down, processes that are stopped for a while, a leader that reaches nobody.
"""

import pytest
from runs import MODELS, Run, spec_of

from ringrun.core.master.master import Master
from ringrun.core.node import SlaveId
from ringrun.spec import Model, RunSpec

BEAT, SUSPECT = 2**-5, 2**-3


def spec(model: Model, send: float = 1.0) -> RunSpec:
    """Long enough to suspect somebody twice."""
    return spec_of(model=model, send=send, grace=2**-3, heartbeat=BEAT, suspect=SUSPECT)


def running(model: Model, *, seed: int = 1, masters: int = 2, send: float = 1.0) -> Run:
    """A run in SEND."""
    run = Run(spec(model, send), seed=seed, masters=masters, pace=2**-12)
    run.until(run.started)
    run.run(run.now + 2**-5)
    return run


def checked(run: Run, *, disturbed: str = "") -> str:
    """The verdict, when no promise is broken; a stopped process is late by its own clock."""
    found = [
        each
        for each in run.verify(grace_faults=True).findings
        if not (each.promise == "G6" and each.node == disturbed)
    ]
    assert found == []
    verdict: str = run.report["verdict"]
    return verdict


@pytest.mark.parametrize("model", MODELS)
def test_a_link_that_stays_down_costs_the_higher_ordinal_its_place(model: Model) -> None:
    """First a new view with the same members; complained of again, slave 1 is left out."""
    run = running(model)
    record = run.store.read()
    run.sever(SlaveId(0, 1), SlaveId(1, 1))
    views = [record]
    while run.living():
        run.step()
        record = run.store.read()
        if record.view > views[-1].view:
            views.append(record)
    assert checked(run) == "Agreed"
    inside = [[member.node for member in record.members] for record in views]
    if model is not Model.TRAIN:
        # A train stops at the bad link: what slave 1 then lacks it may be unable to fetch.
        assert inside[1] == inside[0]
    assert [(0, 1), (2, 1)] in inside
    assert inside[-1] == [(0, 1), (1, 2), (2, 1)]
    failures = [(each["kind"], each["node"]) for each in run.report["failures"]]
    healed = [("LinkLost", "s1-1")] if inside[1] == inside[0] else []
    assert failures == [*healed, ("SlaveLost", "s1-1")]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("ordinal", range(3))
def test_a_slave_that_is_stopped_for_too_long_is_replaced_and_never_returns(
    model: Model, ordinal: int
) -> None:
    """When it wakes it goes by its own clock, and its log is a prefix of the others' (G1, G12)."""
    run = running(model, seed=ordinal)
    run.sleep(SlaveId(ordinal, 1), 4 * SUSPECT)
    run.finish()
    assert checked(run, disturbed=f"s{ordinal}-1") == "Agreed"
    assert run.results[SlaveId(ordinal, 2)].final
    assert run.results[SlaveId(ordinal, 2)].count == run.report["count"]
    late = run.results.get(SlaveId(ordinal, 1))
    assert late is None or not late.final


@pytest.mark.parametrize("model", MODELS)
def test_a_short_stop_costs_nobody_its_place(model: Model) -> None:
    """Shorter than the suspicion time: one view, and all of it."""
    run = running(model, seed=3)
    run.sleep(SlaveId(1, 1), SUSPECT / 4)
    run.finish()
    assert checked(run, disturbed="s1-1") == "Agreed"
    assert [view["members"] for view in run.report["views"]] == [[0, 1, 2]]


@pytest.mark.parametrize("model", MODELS)
def test_a_leader_that_is_stopped_is_followed_by_its_standby(model: Model) -> None:
    """Its lease expires; awake again it reads another holder, and refrains (G7)."""
    run = running(model)
    name = run.leader()
    assert name is not None
    run.sleep(name, 0.6)
    run.finish()
    assert checked(run) == "Agreed"
    assert run.report["epoch"] == 2
    assert [epoch["number"] for epoch in run.report["epochs"]][-1] == 2
    assert len(run.report["slaves"]) == 3


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("heartbeat", "suspect"), [(0.1, 0.5), (BEAT, SUSPECT)])
def test_a_leader_that_reaches_too_few_lets_the_standby_try(
    model: Model, heartbeat: float, suspect: float
) -> None:
    """Cut off from two of three: the standby, which reaches all, leads without losing anybody.

    Also where suspicion is quicker than twice the leader's own time between two looks.
    """
    long = spec_of(model=model, send=3.0, grace=0.5, heartbeat=heartbeat, suspect=suspect)
    run = Run(long, seed=1, pace=2**-10)
    run.until(run.started)
    name = run.leader()
    assert name is not None
    for ordinal in range(2):
        run.sever(name, SlaveId(ordinal, 1))
    run.until(lambda: run.leader() not in (None, name))
    assert run.now < 2.6
    run.finish()
    assert checked(run) == "Agreed"
    assert [view["members"] for view in run.report["views"]][-1] == [0, 1, 2]
    assert {(each["ordinal"], each["incarnation"]) for each in run.report["slaves"]} == {
        (0, 1),
        (1, 1),
        (2, 1),
    }


def test_masters_are_masters() -> None:
    """The driver's idea of who leads is the core's own."""
    run = running(MODELS[0])
    name = run.leader()
    assert name is not None
    core = run.nodes[name].core
    assert isinstance(core, Master)
    assert core.lead is not None
    assert run.store.read().holder == str(name)
