"""Whole runs in which processes die at any step: results agree, promises hold (G1-G12).

Each run is judged by `ringrun.verify` from the journals, and by what the results themselves say.
"""

import pytest
from driver import Key, Node
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import CONTINUE, FAIL, LONGEST, MODELS, REPLACE, Run, spec_of

from ringrun.core.messages import Control, Kick
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.spec import Model, RunSpec

SHORT = 2**-8
"""SEND and GRACE of some 64 steps each: short enough for a run for every step."""


def step_on(run: Run, steps: int) -> bool:
    """So many steps; False if the run was over before."""
    for _ in range(steps):
        if not run.living():
            return False
        run.step()
    return bool(run.living())


def judged(run: Run, *, grace_faults: bool = True) -> str:
    """The verdict of a run that is over, after everything that must hold in any run."""
    said = run.verify(grace_faults=grace_faults)
    assert said.findings == ()
    report, record = run.report, run.store.read()
    reported = {(each["ordinal"], each["incarnation"]): each for each in report["slaves"]}
    for key, result in run.results.items():
        if key in reported:
            assert reported[key]["digest"] == result.digest  # G10
    inside = [member.node for member in record.send_members]
    finals = {
        (result.count, result.sum_exact, result.digest)
        for key, result in run.results.items()
        if key in inside and result.final
    }
    assert len(finals) <= 1
    verdict: str = report["verdict"]
    if verdict == "Agreed":
        assert all(key in reported for key in inside)
        folds = {(reported[key]["count"], reported[key]["digest"]) for key in inside}
        assert folds == {(report["count"], report["digest"])}
    return verdict


def died(spec: RunSpec, victim: int | MasterId, step: int) -> Run:
    """A run in which this slave, or the leader, is killed before this step; until its end."""
    run = Run(spec, seed=step)
    if step_on(run, step):
        key = SlaveId(victim, 1) if isinstance(victim, int) else run.leader() or victim
        if key in run.nodes and run.nodes[key].alive:
            run.kill(key)
    return run.finish()


def test_a_run_without_faults_agrees() -> None:
    """For each model; and every slave has issued."""
    for model in MODELS:
        run = Run(spec_of(model=model)).finish()
        assert judged(run, grace_faults=False) == "Agreed"
        assert run.report["count"] > 9
        assert run.report["failures"] == []


@pytest.mark.parametrize("victim", range(3))
@pytest.mark.parametrize("model", MODELS)
def test_any_slave_may_die_before_any_step(model: Model, victim: int) -> None:
    """The others agree; only a death between the end of SEND and its result leaves it Partial."""
    spec = spec_of(model=model, send=SHORT, grace=SHORT)
    verdicts = set()
    for step in range(victim, 270, 4):
        run = died(spec, victim, step)
        verdict = judged(run)
        inside = [member.node for member in run.store.read().send_members]
        told = all(key in run.results for key in inside)
        assert verdict == ("Agreed" if told else "Partial"), step
        survivors = [key for key in inside if key != (victim, 1)]
        assert len({run.results[key].digest for key in survivors}) == 1, step
        assert all(run.results[key].final for key in survivors), step
        verdicts.add(verdict)
    assert verdicts == {"Agreed", "Partial"}


@pytest.mark.parametrize("model", MODELS)
def test_the_leader_may_die_before_any_step(model: Model) -> None:
    """The standby goes on from the record: every result is there, all are equal."""
    spec = spec_of(model=model, send=SHORT, grace=SHORT)
    epochs = set()
    for step in range(0, 270, 3):
        run = died(spec, MasterId(0, 1), step)
        assert judged(run, grace_faults=False) == "Agreed", step
        assert len(run.report["slaves"]) == 3, step
        epochs.add(run.report["epoch"])
    assert epochs >= {1, 2}


@pytest.mark.parametrize("model", MODELS)
def test_a_slave_that_died_early_in_send_is_replaced(model: Model) -> None:
    """The replacement keeps the ordinal, holds everything, issues, and gives the same result."""
    for victim in range(3):
        run = Run(spec_of(model=model, send=2**-5), seed=victim)
        run.until(run.started)
        step_on(run, 20)
        run.kill(SlaveId(victim, 1))
        assert judged(run.finish()) == "Agreed"
        newcomer = run.results[SlaveId(victim, 2)]
        assert newcomer.final
        assert run.slave(SlaveId(victim, 2)).tally.sent > 0
        assert [view["incarnations"] for view in run.report["views"]][-1][victim] == 2
        assert [each["node"] for each in run.report["failures"]] == [f"s{victim}-1"]
        assert len({result.digest for result in run.results.values()}) == 1


@pytest.mark.parametrize("model", MODELS)
def test_without_replacement_the_others_go_on(model: Model) -> None:
    """Continue: two slaves, then one, then still one."""
    run = Run(spec_of(model=model, send=2**-5, on_slave_failure=CONTINUE), seed=3)
    run.until(run.started)
    counts = []
    for victim in (1, 0):
        step_on(run, 40)
        run.kill(SlaveId(victim, 1))
        view = run.store.read().view
        run.until(lambda view=view: run.store.read().view > view)  # type: ignore[misc]
        counts.append(run.store.read().cut)
    assert judged(run.finish()) == "Agreed"
    assert counts[0] < counts[1] < run.report["count"]
    assert [view["members"] for view in run.report["views"]] == [[0, 1, 2], [0, 2], [2]]
    assert set(run.results) == {SlaveId(2, 1)}


@pytest.mark.parametrize("model", MODELS)
def test_a_slave_that_is_told_to_end_leaves_by_a_view_change(model: Model) -> None:
    """It gives its prefix, not final, and exits 0; its replacement goes on in its place."""
    run = Run(spec_of(model=model, send=2**-5), seed=2)
    run.until(run.started)
    step_on(run, 20)
    leaver = run.nodes[SlaveId(1, 1)]
    leaver.core.leave(run.local(leaver))
    run.drain(leaver)
    assert judged(run.finish()) == "Agreed"
    assert leaver.exit is not None
    assert leaver.exit.code == 0
    prefix = run.results[SlaveId(1, 1)]
    assert not prefix.final
    assert 0 < prefix.count < run.report["count"]
    assert run.results[SlaveId(1, 2)].final


@pytest.mark.parametrize("model", MODELS)
def test_a_leader_that_is_told_to_end_hands_over(model: Model) -> None:
    """Its lease is free at once; the standby goes on in the next epoch, and nothing is lost."""
    run = Run(spec_of(model=model, send=2**-5), seed=4)
    run.until(run.started)
    step_on(run, 20)
    name = run.leader()
    assert name is not None
    run.nodes[name].core.release(run.local(run.nodes[name]))
    run.drain(run.nodes[name])
    assert judged(run.finish(), grace_faults=False) == "Agreed"
    assert run.report["epoch"] == 2
    assert len(run.report["slaves"]) == 3


def test_an_early_stop_is_failed_and_all_results_agree() -> None:
    """Ordered at any step: what was approved by then is cut, recorded and reported."""
    for step in range(0, 150, 5):
        run = Run(spec_of(model=MODELS[step % 3]), seed=step)
        step_on(run, step)
        run.stop = Reason(Why.ABORTED)
        run.look()
        assert judged(run.finish()) == "Failed", step
        assert run.report["reason"] == "Aborted", step
        assert len({result.digest for result in run.results.values()}) <= 1, step
        assert all(result.final for result in run.results.values()), step
        for key, node in run.nodes.items():
            if isinstance(key, SlaveId) and node.core.plan is not None:
                # Prepared slaves are told as well, and need not wait for their deadline.
                assert node.exit is not None, step


def test_the_policy_fail_ends_the_run_as_failed() -> None:
    """What was approved is reported all the same, and the survivors agree on it."""
    run = Run(spec_of(send=2**-5, on_slave_failure=FAIL))
    run.until(run.started)
    step_on(run, 20)
    run.kill(SlaveId(1, 1))
    assert judged(run.finish()) == "Failed"
    assert run.report["reason"].startswith("SlaveFailed")
    assert len({result.digest for result in run.results.values()}) == 1
    assert len(run.results) == 2


@pytest.mark.parametrize("model", MODELS)
def test_a_run_without_survivors_is_failed(model: Model) -> None:
    """All die at once: the recorded fold is reported, and nobody hangs."""
    run = Run(spec_of(model=model, on_slave_failure=CONTINUE), seed=1)
    run.until(run.started)
    step_on(run, 30)
    for ordinal in range(3):
        run.kill(SlaveId(ordinal, 1))
    assert judged(run.finish()) == "Failed"
    assert run.report["slaves"] == []
    assert [member.node for member in run.store.read().send_members] == [(0, 1), (1, 1), (2, 1)]


@pytest.mark.parametrize("model", MODELS)
def test_who_dies_in_grace_is_still_asked_for(model: Model) -> None:
    """The verdict looks at the members when SEND ended, not at those of a view after that."""
    run = Run(spec_of(model=model, on_slave_failure=CONTINUE), seed=5)
    run.until(lambda: run.store.read().phase is Phase.GRACE)
    run.kill(SlaveId(1, 1))
    assert judged(run.finish()) == "Partial"
    record = run.store.read()
    assert [member.node for member in record.send_members] == [(0, 1), (1, 1), (2, 1)]
    assert [member.node for member in record.members] == [(0, 1), (2, 1)]


class Kicked(Run):
    """Looks at every KICK that leaves: all members must have acknowledged the view before."""

    kicks = 0

    def send(self, node: Node, to: Key, message: Control) -> None:
        """As ever."""
        if isinstance(message, Kick) and isinstance(node.key, MasterId):
            self.kicks += 1
            members = self.store.read().members
            assert all(self.slave(each.node).at.view >= message.view for each in members)
        super().send(node, to, message)


def test_the_kickstart_waits_for_all_to_have_the_view() -> None:
    """Else an early frame of the new view is dropped, and the ring stands still."""
    for step in range(12):
        run = Kicked(spec_of(model=MODELS[step % 3], send=2**-5), seed=step)
        run.until(run.started)
        step_on(run, step * 7)
        run.kill(SlaveId(step % 3, 1))
        run.finish()
        assert run.kicks >= 2


@pytest.mark.parametrize("model", MODELS)
def test_the_last_master_may_die_and_the_slaves_still_end_on_time(model: Model) -> None:
    """Slaves go by their own clocks; without a leader each gives what it approved, not final."""
    run = Run(spec_of(model=model), masters=1)
    run.until(run.started)
    step_on(run, 20)
    run.kill(MasterId(0, 1))
    run.finish()
    assert len(run.results) == 3
    assert not any(result.final for result in run.results.values())
    longest = max(run.results.values(), key=lambda result: result.count)
    assert longest.count > 9
    for key, result in run.results.items():
        assert result.send_seconds == pytest.approx(run.spec.send, abs=1e-3)
        assert result.grace_seconds == pytest.approx(run.spec.grace, abs=1e-3)
        assert run.nodes[key].exit.code == 0
    # With no fault on the ring, GRACE has drained it all the same (G8).
    assert {result.digest for result in run.results.values()} == {longest.digest}


DEATHS = st.lists(
    st.tuples(st.integers(0, 120), st.integers(0, 4)),
    min_size=2,
    max_size=4,
)


@settings(max_examples=60)
@given(
    st.sampled_from(MODELS),
    st.integers(2, 4),
    st.integers(0, 2**31),
    st.sampled_from([REPLACE, CONTINUE]),
    DEATHS,
)
def test_several_deaths_in_any_order_break_no_promise(
    model: Model, count: int, seed: int, policy: object, deaths: list[tuple[int, int]]
) -> None:
    """Slaves, replacements and leaders, as long as a master is left."""
    run = Run(
        spec_of(nodes=count, model=model, send=2**-6, on_slave_failure=policy), seed=seed, masters=3
    )
    for steps, which in deaths:
        if not step_on(run, steps):
            break
        masters = [node.key for node in run.living() if isinstance(node.key, MasterId)]
        slaves = [node.key for node in run.living() if isinstance(node.key, SlaveId)]
        if which == 4 and len(masters) > 1:
            run.kill(run.leader() or masters[0])
        elif slaves and which < 4:
            run.kill(slaves[which % len(slaves)])
    run.finish()
    assert run.now < LONGEST
    assert judged(run) in {"Agreed", "Partial", "Failed"}


@settings(max_examples=30)
@given(
    st.sampled_from(MODELS),
    st.integers(0, 2**31),
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 8)), min_size=1, max_size=6),
)
def test_resets_of_any_links_cost_nothing(
    model: Model, seed: int, cuts: list[tuple[int, int]]
) -> None:
    """Between slaves and to the leader, START and closing included; all are restored at once."""
    run = Run(spec_of(model=model), seed=seed)
    for steps, which in cuts:
        if not step_on(run, steps):
            break
        keys = [node.key for node in run.living()]
        links = [(one, other) for at, one in enumerate(keys) for other in keys[at + 1 :]]
        if not links:
            break
        run.cut(*links[which % len(links)])
    run.finish()
    assert judged(run, grace_faults=False) == "Agreed"
    assert len(run.report["views"]) == 1
