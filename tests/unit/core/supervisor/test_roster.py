"""What the supervisor decides in each situation that docs/protocol.md name."""

from dataclasses import replace

import msgspec
import pytest

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.orders import Leaving, Orders
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Member, Record
from ringrun.core.supervisor.observed import Observed, SlaveSeen
from ringrun.core.supervisor.roster import DELETE_AFTER, Decision, decide
from ringrun.spec import FailurePolicy, RunSpec, default_run


def spec(**changes: object) -> RunSpec:
    """A run of three slaves."""
    return replace(default_run(), nodes=3, **changes)  # type: ignore[arg-type]


def result(ordinal: int, incarnation: int, send_seconds: float = 2.0) -> Result:
    """A result that says how long SEND was."""
    return Result(
        ordinal=ordinal,
        incarnation=incarnation,
        view=1,
        count=0,
        sum_exact="0",
        digest="",
        final=True,
        issued=0,
        blocks=(),
        cuts=(),
        frames_sent=0,
        frames_received=0,
        cpu_seconds=0.0,
        send_seconds=send_seconds,
        grace_seconds=0.0,
        longest_gap=0.0,
        slowest_peer=-1,
        slowest_wait=0.0,
        latency=(),
    )


def listening(ordinal: int, incarnation: int = 1) -> SlaveSeen:
    """A slave that listens."""
    port = 1000 * incarnation + ordinal
    return SlaveSeen(ordinal=ordinal, incarnation=incarnation, host="127.0.0.1", port=port)


def member(ordinal: int, incarnation: int = 1) -> Member:
    """The same on a roster."""
    seen = listening(ordinal, incarnation)
    return Member(ordinal=ordinal, incarnation=incarnation, host=seen.host, port=seen.port)


def ended(slave: SlaveSeen, cause: str = "killed by SIGKILL", **changes: object) -> SlaveSeen:
    """The same after its end."""
    return replace(slave, ended=True, cause=cause, **changes)  # type: ignore[arg-type]


ALL = tuple(listening(ordinal) for ordinal in range(3))
MEMBERS = tuple(member(ordinal) for ordinal in range(3))
SENDING = Orders(version=9, phase=Phase.SEND, complete=True, roster=MEMBERS)
SEND_RECORD = Record(
    version=5,
    epoch=1,
    holder="m0-1",
    view=1,
    members=MEMBERS,
    phase=Phase.SEND,
    incarnations=(SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1)),
)
STARTING = Orders(version=3, complete=True, roster=MEMBERS)
START_RECORD = Record(version=1, epoch=1, holder="m0-1")


def act(
    orders: Orders = SENDING,
    slaves: tuple[SlaveSeen, ...] = ALL,
    record: Record | None = SEND_RECORD,
    *,
    run: RunSpec | None = None,
    now: float = 100.0,
    stop: Reason | None = None,
) -> Decision:
    """What is decided."""
    observed = Observed(slaves=slaves, masters=(), stop=stop)
    return decide(run or spec(), orders, observed, record, now, 90.0)


def nodes(orders: Orders) -> list[SlaveId]:
    """Who is on the roster."""
    return [each.node for each in orders.roster]


def without(record: Record, ordinal: int) -> Record:
    """The record of the next view, without this ordinal."""
    members = tuple(each for each in record.members if each.ordinal != ordinal)
    return record.evolve(view=record.view + 1, members=members)


def test_a_new_run_orders_start_and_creates_every_ordinal_once() -> None:
    """The roster is written before anything is created, without addresses."""
    decision = act(Orders(), (), None)
    assert decision.orders.version == 1
    assert decision.orders.phase is Phase.START
    assert not decision.orders.complete
    assert decision.create == ((0, 1), (1, 1), (2, 1))
    assert nodes(decision.orders) == [(0, 1), (1, 1), (2, 1)]


def test_a_supervisor_that_died_before_creating_creates_on_return() -> None:
    """Orders name the incarnation, nothing runs: it is created, not replaced."""
    orders = act(Orders(), (), None).orders
    decision = act(orders, (), None)
    assert decision.orders == orders
    assert decision.create == ((0, 1), (1, 1), (2, 1))


def test_the_roster_is_complete_when_the_last_slave_listens() -> None:
    """Addresses enter the roster one by one; complete means all of them."""
    orders = act(Orders(), (), None).orders
    silent = SlaveSeen(ordinal=2, incarnation=1)
    two = act(orders, (*ALL[:2], silent), START_RECORD).orders
    assert [each.port for each in two.roster] == [1000, 1001, 0]
    assert not two.complete
    assert act(two, ALL, START_RECORD).orders.complete


def test_send_is_ordered_when_the_record_says_that_the_whole_roster_is_prepared() -> None:
    """Two of three prepared, or a former incarnation of one, is not enough."""
    some = START_RECORD.evolve(prepared=((0, 1), (1, 1)))
    assert act(STARTING, ALL, some).orders == STARTING
    old = START_RECORD.evolve(prepared=((0, 1), (1, 1), (2, 1)))
    newer = (*ALL[:2], ended(ALL[2]), listening(2, 2))
    roster = (*MEMBERS[:2], member(2, 2))
    orders = msgspec.structs.replace(STARTING, roster=roster, dead=((2, 1),))
    assert act(orders, newer, old).orders.phase is Phase.START
    assert act(STARTING, ALL, old).orders.phase is Phase.SEND


def test_no_send_while_the_record_is_out_of_reach() -> None:
    """Only a record that was seen is acted on."""
    assert act(STARTING, ALL, None).orders.phase is Phase.START


def test_a_dead_slave_is_replaced_by_its_next_incarnation() -> None:
    """Dead with its cause, off the roster, replaced, counted, created."""
    decision = act(slaves=(ALL[0], ended(ALL[1]), ALL[2]))
    orders = decision.orders
    assert orders.dead == ((1, 1),)
    assert orders.causes == ((1, 1, "killed by SIGKILL"),)
    assert nodes(orders) == [(0, 1), (1, 2), (2, 1)]
    assert not orders.complete
    assert orders.replaced == 1
    assert decision.create == ((1, 2),)
    assert decision.delete == ()


def test_one_that_had_an_address_and_is_gone_counts_as_dead() -> None:
    """A pod that was deleted while the operator was down is never made again under its name."""
    decision = act(slaves=ALL[:2])
    assert decision.orders.dead == ((2, 1),)
    assert decision.create == ((2, 2),)


def test_one_that_is_being_deleted_is_replaced_at_once() -> None:
    """It lives on for its grace period, off the roster, and is not deleted again."""
    going = replace(ALL[1], deleting=True)
    decision = act(slaves=(ALL[0], going, ALL[2]))
    assert nodes(decision.orders) == [(0, 1), (1, 2), (2, 1)]
    assert decision.orders.dead == ()
    later = act(decision.orders, (ALL[0], going, ALL[2]), now=200.0)
    assert later.delete == ()


def test_one_dropped_from_the_view_leaves_at_once_and_is_deleted_after_ten_seconds() -> None:
    """Replaced in the same breath; alive for ten more seconds to tell what it has."""
    record = without(SEND_RECORD, 1)
    first = act(record=record, now=100.0)
    assert nodes(first.orders) == [(0, 1), (1, 2), (2, 1)]
    assert first.orders.dead == ()
    assert first.delete == ()
    assert first.deadline == 100.0 + DELETE_AFTER
    slaves = (*ALL, SlaveSeen(ordinal=1, incarnation=2))
    assert act(first.orders, slaves, record, now=109.9).delete == ()
    late = act(first.orders, slaves, record, now=110.0)
    assert late.delete == ((1, 1),)
    assert late.create == ()


def test_one_whose_successor_was_admitted_already_leaves_at_once() -> None:
    """Orders of an earlier time came back: it could never be admitted again (G12)."""
    record = without(SEND_RECORD, 2).evolve(incarnations=((0, 1), (1, 1), (2, 2)), view=4)
    decision = act(record=record)
    assert [entry[:2] for entry in decision.orders.leaving] == [(2, 1)]
    assert decision.create == ((2, 3),)


def test_a_replacement_that_is_not_yet_admitted_is_left_alone() -> None:
    """The record does not hold it and never did: it is on its way in."""
    record = without(SEND_RECORD, 1)
    orders = act(record=record).orders
    slaves = (*ALL, listening(1, 2))
    decision = act(orders, slaves, record)
    assert nodes(decision.orders) == [(0, 1), (1, 2), (2, 1)]
    assert decision.orders.complete
    assert decision.create == decision.delete == ()


def test_continue_never_replaces_once_the_ring_runs() -> None:
    """The ordinal leaves the roster and stays away."""
    run = spec(on_slave_failure=FailurePolicy.CONTINUE)
    decision = act(slaves=(ended(ALL[0]), *ALL[1:]), run=run)
    assert nodes(decision.orders) == [(1, 1), (2, 1)]
    assert decision.create == ()
    assert decision.orders.phase is Phase.SEND


def test_continue_replaces_in_start() -> None:
    """A ring starts whole."""
    run = spec(on_slave_failure=FailurePolicy.CONTINUE)
    decision = act(STARTING, (ended(ALL[0]), *ALL[1:]), START_RECORD, run=run)
    assert decision.create == ((0, 2),)


@pytest.mark.parametrize(
    ("orders", "record"),
    [
        (STARTING, START_RECORD),
        (SENDING, SEND_RECORD),
        (SENDING, SEND_RECORD.evolve(phase=Phase.GRACE)),
    ],
)
def test_fail_ends_the_run_with_the_first_loss(orders: Orders, record: Record) -> None:
    """STOP with the reason, nothing created any more."""
    run = spec(on_slave_failure=FailurePolicy.FAIL)
    decision = act(orders, (ended(ALL[0]), *ALL[1:]), record, run=run)
    assert decision.orders.phase is Phase.STOP
    assert decision.orders.stop_reason == Reason(Why.SLAVE_FAILED)
    assert decision.create == ()


def test_fail_ends_the_run_when_one_is_dropped() -> None:
    """An eviction is a slave lost, though the process lives."""
    run = spec(on_slave_failure=FailurePolicy.FAIL)
    assert act(record=without(SEND_RECORD, 2), run=run).orders.stop_reason == Reason(
        Why.SLAVE_FAILED
    )


def test_a_slave_that_finished_has_not_failed() -> None:
    """Slaves that ended by their own clocks are no failures, whatever an old record says."""
    run = spec(on_slave_failure=FailurePolicy.FAIL)
    done = tuple(ended(each, "", result=result(each.ordinal, 1)) for each in ALL)
    orders = act(slaves=done, run=run).orders
    assert orders.phase is Phase.SEND
    assert len(orders.results) == 3
    assert act(slaves=done).create == ()


def test_a_result_stays_in_the_orders_when_its_slave_is_seen_no_more() -> None:
    """Its process is forgotten, its pod is deleted (G10)."""
    gone = ended(ALL[2], "", result=result(2, 1))
    orders = act(slaves=(*ALL[:2], gone)).orders
    again = act(orders, ALL[:2]).orders
    assert again.results == (result(2, 1),)


def test_one_that_left_early_with_a_result_is_replaced() -> None:
    """SIGTERM in SEND: it gave what it had, and its place is free."""
    left = ended(ALL[2], "", result=result(2, 1, send_seconds=0.7))
    decision = act(slaves=(*ALL[:2], left))
    assert decision.create == ((2, 2),)
    assert decision.orders.results == (result(2, 1, send_seconds=0.7),)


@pytest.mark.parametrize("phase", [Phase.GRACE, Phase.STOP])
def test_nobody_is_replaced_after_send(phase: Phase) -> None:
    """Dead is noted, the rest of the roster stays."""
    record = SEND_RECORD.evolve(phase=phase)
    decision = act(slaves=(ended(ALL[0]), *ALL[1:]), record=record)
    assert decision.create == ()
    assert decision.orders.dead == ((0, 1),)
    assert nodes(decision.orders) == [(1, 1), (2, 1)]
    evicted = act(record=without(record, 1))
    assert nodes(evicted.orders) == [(0, 1), (1, 1), (2, 1)]


def test_replacements_are_bounded_and_disruptions_are_free() -> None:
    """With none left the ring goes on smaller, but a drained node's slave is always replaced."""
    run = spec(max_replacements=0)
    killed = act(slaves=(ended(ALL[0]), *ALL[1:]), run=run)
    assert killed.create == ()
    assert nodes(killed.orders) == [(1, 1), (2, 1)]
    drained = act(slaves=(ended(ALL[0], disrupted=True), *ALL[1:]), run=run)
    assert drained.create == ((0, 2),)
    assert drained.orders.replaced == 1
    assert drained.orders.disruptions == 1


def test_slaves_that_keep_dying_in_start_end_the_run() -> None:
    """The ring starts whole; with no replacement left it cannot."""
    run = spec(max_replacements=1)
    orders = msgspec.structs.replace(STARTING, replaced=1)
    decision = act(orders, (ended(ALL[0]), *ALL[1:]), START_RECORD, run=run)
    assert decision.orders.phase is Phase.STOP
    last = "slave 0 (incarnation 1) ended: killed by SIGKILL"
    assert decision.orders.stop_reason == Reason(Why.REPLACEMENTS_EXHAUSTED, last)
    assert decision.create == ()


def test_a_wish_to_stop_is_ordered_with_its_reason_and_kept() -> None:
    """STOP is final: another wish does not change the reason."""
    stopped = act(stop=Reason(Why.INTERRUPTED)).orders
    assert (stopped.phase, stopped.stop_reason) == (Phase.STOP, Reason(Why.INTERRUPTED))
    assert act(stopped, run=spec(abort=True)).orders == stopped


def test_abort_and_suspend_in_send_stop_the_run() -> None:
    """The spec may ask for it too; a suspended run is not resumed once it was sending."""
    assert act(run=spec(abort=True)).orders.stop_reason == Reason(Why.ABORTED)
    assert act(run=spec(suspend=True)).orders.stop_reason == Reason(Why.SUSPENDED)


def test_suspend_before_send_takes_everything_away_and_later_begins_afresh() -> None:
    """No slaves, phase START; once resumed, the next incarnations."""
    held = act(STARTING, ALL, START_RECORD, run=spec(suspend=True))
    assert held.orders.phase is Phase.START
    assert held.orders.roster == ()
    assert held.delete == ((0, 1), (1, 1), (2, 1))
    again = act(held.orders, (), START_RECORD)
    assert again.create == ((0, 2), (1, 2), (2, 2))


def test_the_active_deadline_stops_the_run() -> None:
    """Seconds since the start of the run; the decision says when to look again."""
    run = spec(active_deadline=20.0)
    before = act(run=run, now=109.9)
    assert before.orders.phase is Phase.SEND
    assert before.deadline == 110.0
    assert act(run=run, now=110.0).orders.stop_reason == Reason(Why.ACTIVE_DEADLINE)


def test_a_run_that_is_over_is_not_stopped_again() -> None:
    """The record says STOP: nothing is ordered, whoever asks."""
    record = SEND_RECORD.evolve(phase=Phase.STOP, closed=True)
    assert act(record=record, stop=Reason(Why.INTERRUPTED)).orders == SENDING


def test_lost_orders_are_made_again_from_slaves_and_record() -> None:
    """The living newest incarnations are adopted, the older go, the phase is the record's."""
    slaves = (*ALL[:2], listening(2, 1), listening(2, 2))
    record = SEND_RECORD.evolve(
        members=(*MEMBERS[:2], member(2, 2)), incarnations=((0, 1), (1, 1), (2, 2)), view=3
    )
    decision = act(Orders(), slaves, record)
    assert decision.orders.phase is Phase.SEND
    assert decision.orders.complete
    assert nodes(decision.orders) == [(0, 1), (1, 1), (2, 2)]
    assert [entry[:2] for entry in decision.orders.leaving] == [(2, 1)]
    assert decision.create == ()


def test_one_that_was_given_up_and_is_there_after_all_is_deleted() -> None:
    """Masters were told that it is dead; it may not come back."""
    orders = msgspec.structs.replace(SENDING, dead=((0, 1),), roster=MEMBERS[1:])
    decision = act(orders)
    assert decision.delete == ((0, 1),)
    assert decision.create == ((0, 2),)


@pytest.mark.parametrize(
    ("orders", "slaves", "record"),
    [
        (Orders(dead=(SlaveId(2, 4),)), (), START_RECORD),
        (Orders(leaving=(Leaving(2, 4, 99.0),)), (), START_RECORD),
        (Orders(), (ended(listening(2, 4)),), START_RECORD),
        (Orders(), (), START_RECORD.evolve(prepared=(SlaveId(2, 4),))),
        (Orders(), (), SEND_RECORD.evolve(incarnations=(SlaveId(2, 4),))),
    ],
    ids=["the dead", "who leaves", "who is seen", "who was prepared", "who was admitted"],
)
def test_whoever_is_known_from_anywhere_is_followed_by_the_next(
    orders: Orders, slaves: tuple[SlaveSeen, ...], record: Record
) -> None:
    """G12: a supervisor that restarts from the objects alone, with one of them left."""
    assert SlaveId(2, 5) in act(orders, slaves, record).create


def test_an_incarnation_that_only_the_record_knows_is_not_used_again() -> None:
    """Orders and pod are lost, but the record admitted it (G12)."""
    assert act(Orders(), ALL[:2], SEND_RECORD).create == ((2, 2),)
