"""One slave's manners: whom it obeys, how its phases and its process end (G6, G7)."""

from math import inf

import pytest
from lone import MEMBERS, OTHER, PLAN, VIEW_1, Lone, answers, close, install, sync, wedge
from rings import LEADER, Recorder, Ring

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import (
    Close,
    Command,
    Fetch,
    Fetched,
    Frozen,
    Hello,
    Install,
    Installed,
    Kick,
    Kicked,
    Leave,
    Meet,
    Met,
    Refused,
    ResultSaid,
    Stored,
    Suspect,
    Sync,
    Synced,
    Wedge,
    Wedged,
)
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.outputs import Drop, Exit, Finish, Send
from ringrun.core.phase import Phase
from ringrun.core.record import Plan
from ringrun.core.ring.frame import HEADER

# G7: whom it obeys


@pytest.mark.parametrize(
    "command",
    [
        sync(1, "m0-1"),
        install(2, "m0-1"),
        wedge(1),
        Kick(epoch=2, holder="m0-2", view=1, elapsed=0.0),
        Close(epoch=1, holder="m0-1", record=VIEW_1),
        Stored(epoch=2, holder="m9-9"),
    ],
)
def test_lower_epochs_and_second_holders_are_refused_and_told_so(command: Command) -> None:
    """Whatever they say has no effect but the refusal, and the connection is dropped."""
    slave = Lone().prepared()
    slave.say(install(2, "m1-1"), src=MasterId(1, 1))
    core = slave.core
    before = (core.at.view, core.phase, core.voice.epoch, core.voice.leader)
    sender = MasterId.parse(command.holder)
    assert sender is not None
    said = slave.say(command, src=sender)
    assert [type(each) for each in said] == [Send, Drop]
    assert said[0] == Send(sender, Refused(epoch=2, holder="m1-1"))
    assert isinstance(said[1], Drop)
    assert said[1].peer == sender
    assert f"epoch {command.epoch}" in said[1].reason
    assert (
        slave.core.at.view,
        slave.core.phase,
        slave.core.voice.epoch,
        slave.core.voice.leader,
    ) == before


def test_a_higher_epoch_is_obeyed_whoever_holds_it() -> None:
    """And from then on nobody else."""
    slave = Lone().installed()
    assert answers(slave.say(install(5, "m1-1"), src=MasterId(1, 1)))
    assert (slave.core.voice.epoch, slave.core.voice.leader) == (5, MasterId(1, 1))
    assert answers(slave.say(install(1))) == [Refused(epoch=5, holder="m1-1")]


def test_nobody_commands_in_the_name_of_another() -> None:
    """The holder in a command is who sends it."""
    with pytest.raises(ProtocolError, match="in the name of"):
        Lone().say(sync(1, "m0-1"), src=MasterId(1, 1))


def test_slaves_do_not_command_and_masters_do_not_chat() -> None:
    """Each side may say only its own."""
    slave = Lone().prepared()
    with pytest.raises(ProtocolError, match="a slave does not say"):
        slave.core.receive(OTHER, sync(), slave.now)
    with pytest.raises(ProtocolError, match="a master does not say"):
        slave.core.receive(LEADER, Leave(view=1), slave.now)  # type: ignore[arg-type]


# Views


def test_go_comes_with_view_1_and_the_kick_makes_the_starter_issue() -> None:
    """INSTALL starts the clock; only KICK makes a turn due, and only once."""
    slave = Lone().prepared()
    (installed,) = answers(slave.say(install()))
    assert installed == Installed(epoch=1, view=1, wedged=False, elapsed=0.0)
    assert slave.core.phase is Phase.SEND
    assert not slave.core.pending
    kick = Kick(epoch=1, holder=str(LEADER), view=1, elapsed=0.0)
    assert answers(slave.say(kick)) == [Kicked(epoch=1, view=1)]
    assert slave.core.pending
    slave.core.issue(slave.now)
    assert answers(slave.say(kick)) == [Kicked(epoch=1, view=1)]
    assert not slave.core.pending


def test_a_kick_of_another_view_is_not_answered() -> None:
    """Nor of this view when it is wedged: it answers, but issues nothing."""
    slave = Lone().installed()
    assert answers(slave.say(Kick(epoch=1, holder=str(LEADER), view=2, elapsed=0.0))) == []
    slave.say(wedge())
    assert answers(slave.say(Kick(epoch=1, holder=str(LEADER), view=1, elapsed=0.0))) == [
        Kicked(epoch=1, view=1)
    ]
    assert not slave.core.pending


def test_a_wedge_is_final() -> None:
    """The same view installed again stays wedged, and says so; frames of it are dropped."""
    ring = Ring(2, "lockstep").go()
    slave = ring.slaves()[1]
    node = ring.nodes[slave.node]
    ring.run(ring.now + 0.01)
    ring.say(slave.node, Wedge(**ring.command, attempt=1, record=ring.record, elapsed=0.0))  # type: ignore[arg-type]
    held = slave.at.log.held
    slave.receive(
        LEADER,
        Install(**ring.command, record=ring.record, elapsed=0.0),  # type: ignore[arg-type]
        ring.local(node),
    )
    (said,) = [each.message for each in slave.outputs if isinstance(each, Send)]
    assert isinstance(said, Installed)
    assert said.wedged
    ring.drain(node)
    ring.run(ring.now + 0.05)
    assert slave.at.log.held == held
    assert not slave.pending


def test_a_wedge_is_answered_each_time_under_its_attempt() -> None:
    """The leader counts only the answers of its current attempt."""
    slave = Lone().installed()
    first, second = (answers(slave.say(wedge(attempt=number)))[0] for number in (1, 2))
    assert isinstance(first, Wedged)
    assert (first.attempt, first.view, first.held, first.approved) == (1, 1, 0, 0)
    assert isinstance(second, Wedged)
    assert second.attempt == 2


def test_a_view_that_was_never_synced_is_not_entered() -> None:
    """Recorded with a cut that this slave does not hold: silence, so that it is left out."""
    slave = Lone().installed()
    ahead = VIEW_1.evolve(view=2, cut=5)
    assert answers(slave.say(Install(epoch=1, holder=str(LEADER), record=ahead, elapsed=0.0))) == []
    assert slave.core.at.view == 1


def test_what_lies_above_the_cut_is_dropped_and_its_draws_are_sent_anew() -> None:
    """Held 3 of its own, recorded cut 1: index 2 is issued again with draw 2, not draw 4."""
    ring = Recorder(2, "window", burst=3, send=0.125).go()
    slave = ring.slaves()[0]
    node = ring.nodes[slave.node]
    slave.issue(ring.local(node))
    assert (slave.at.log.held, slave.at.log.approved) == (3, 0)
    slave.frames.clear()
    ring.say(slave.node, Wedge(**ring.command, attempt=1, record=ring.record, elapsed=0.0))
    record = ring.record.evolve(view=2, cut=1)
    ring.say(slave.node, Install(**ring.command, record=record, elapsed=0.0))
    assert (slave.at.log.held, slave.at.log.approved) == (1, 1)
    ring.say(slave.node, Kick(**ring.command, view=2, elapsed=0.0))
    slave.issue(ring.local(node))
    runs, _ = slave.at.log.read(1, slave.at.log.held)
    assert runs == [(1, 0, 1, 4)]


def test_an_older_view_is_ignored() -> None:
    """INSTALL of what was installed long ago neither answers nor goes back."""
    slave = Lone().installed()
    slave.say(wedge())
    slave.say(Install(epoch=1, holder=str(LEADER), record=VIEW_1.evolve(view=2), elapsed=0.0))
    assert slave.core.at.view == 2
    assert answers(slave.say(install())) == []
    assert slave.core.at.view == 2


def test_a_slave_that_was_never_told_go_learns_of_it_from_the_wedge() -> None:
    """View 1 comes with the WEDGE; the time since GO as well, so that it ends with the others."""
    slave = Lone().prepared()
    (said,) = answers(slave.say(wedge(elapsed=1.5)))
    assert isinstance(said, Wedged)
    assert said.elapsed == 1.5
    assert slave.core.phase is Phase.SEND
    slave.after(0.5)
    assert slave.core.phase is Phase.GRACE
    slave.after(1.0)
    assert slave.core.phase is Phase.STOP


def test_a_repeated_sync_does_not_empty_a_joiner() -> None:
    """What it holds in a view never shrinks while that view is being made."""
    ring = Recorder(3, "lockstep", members=[0, 1], send=0.125).go()
    ring.run(ring.now + 0.03)
    donor = ring.slaves()[0]
    for key in ring.keys:
        ring.say(key, Wedge(**ring.command, attempt=1, record=ring.record, elapsed=0.0))  # type: ignore[arg-type]
    joiner = SlaveId(2, 1)
    cut = donor.at.log.held
    command = Sync(
        **ring.command,  # type: ignore[arg-type]
        attempt=1,
        view=1,
        cut=cut,
        donor=ring.members[0],
        plan=ring.plan,
    )
    ring.connect(SlaveId(0, 1), joiner)
    ring.nodes[joiner].wanted[SlaveId(0, 1)] = ring.members[0]
    while not ring.silent:
        ring.step()
    ring.say(joiner, command)
    while not ring.silent:
        ring.step()
    core = ring.slave(joiner)
    assert core.at.log is not None
    assert (core.at.log.held, core.at.log.approved) == (cut, donor.at.log.approved)
    core.receive(LEADER, command, ring.local(ring.nodes[joiner]))
    said = [each.message for each in core.outputs if isinstance(each, Send)]
    assert [type(each) for each in said] == [Synced]
    assert core.at.log.held == cut
    assert core.at.log.totals(cut) == donor.at.log.totals(cut)


# The end


def test_phases_end_by_the_own_clock_with_no_word_from_anyone() -> None:
    """And stopWait after that the approved prefix is the result, not final."""
    slave = Lone().installed()
    assert slave.core.phase is Phase.SEND
    slave.after(PLAN.send)
    assert slave.core.phase is Phase.GRACE
    said = slave.after(PLAN.grace)
    assert slave.core.phase is Phase.STOP
    assert any(isinstance(each, Frozen) for each in answers(said))
    assert not any(isinstance(each, Finish) for each in said)
    (finish,) = [each for each in slave.after(PLAN.stop_wait) if isinstance(each, Finish)]
    assert not finish.result.final


def test_deadlines_come_before_data() -> None:
    """A backlog cannot carry a slave past its own end: the frame of a late moment is dropped."""
    ring = Ring(2, "lockstep").go()
    slave = ring.slaves()[0]
    slave.issue(ring.local(ring.nodes[slave.node]))
    late = ring.local(ring.nodes[slave.node]) + ring.plan.send + ring.plan.grace
    held = slave.at.log.held
    other = ring.slaves()[1]
    (_, parts), *_ = slave.frames
    other.data(0, memoryview(b"".join(parts)), late + 1024.0)
    assert other.phase is Phase.STOP
    assert other.at.log.held == 0
    slave.issue(late)
    assert slave.phase is Phase.STOP
    assert slave.at.log.held == held


@pytest.mark.parametrize("view", [0, 2])
def test_a_frame_of_another_view_is_dropped(view: int) -> None:
    """An index may be given to another in the next one, and this one's members confirm it (G4)."""
    ring = Ring(2, "lockstep").go()
    sender, slave = ring.slaves()
    sender.issue(ring.local(ring.nodes[sender.node]))
    (_, parts), *_ = sender.frames
    kind, wagons, _, *rest = HEADER.unpack_from(b"".join(parts))
    tail = b"".join(parts)[HEADER.size :]
    now = ring.local(ring.nodes[slave.node])
    slave.data(0, memoryview(HEADER.pack(kind, wagons, view, *rest) + tail), now)
    assert slave.at.log is not None
    assert (slave.at.log.held, slave.frames) == (0, [])
    slave.data(0, memoryview(HEADER.pack(kind, wagons, 1, *rest) + tail), now)
    assert (slave.at.log.held, len(slave.frames)) == (1, 1)


def test_close_in_time_makes_the_result_final() -> None:
    """Everything up to the closing cut is approved, and said until it is stored."""
    slave = Lone().installed()
    slave.after(PLAN.send + PLAN.grace)
    (finish,) = [each for each in slave.say(close(cut=0)) if isinstance(each, Finish)]
    assert finish.result.final
    assert (finish.result.send_seconds, finish.result.grace_seconds) == (PLAN.send, PLAN.grace)


def test_close_waits_for_what_is_lacking_and_then_gives_the_prefix() -> None:
    """In a long SEND it freezes at once; what does not come within stopWait is not counted."""
    slave = Lone().installed()
    assert not any(isinstance(each, Finish) for each in slave.say(close(cut=7)))
    assert slave.core.phase is Phase.STOP
    assert not any(isinstance(each, Finish) for each in slave.after(PLAN.stop_wait - 0.01))
    (finish,) = [each for each in slave.after(0.02) if isinstance(each, Finish)]
    assert (finish.result.final, finish.result.count) == (False, 0)


def test_close_without_a_view_exits_with_1() -> None:
    """The run ended before this slave was admitted."""
    for slave in (Lone(), Lone().prepared()):
        (end,) = [each for each in slave.say(close(cut=0)) if isinstance(each, Exit)]
        assert end.code == 1
        assert "admitted" in end.reason


@pytest.mark.parametrize(
    "command",
    [
        install(),
        wedge(),
        sync(),
        Kick(epoch=1, holder=str(LEADER), view=1, elapsed=0.0),
        close(cut=0),
        close(cut=9, view=3),
    ],
)
def test_after_its_result_a_slave_only_repeats_it(command: Command) -> None:
    """Whatever is commanded: the same result, and nothing counted on."""
    slave = Lone().finished()
    result = slave.core.result
    assert result is not None
    assert answers(slave.say(command)) == [ResultSaid(result=result)]
    assert slave.core.result is result
    assert slave.core.ended


def test_the_result_is_repeated_until_it_is_stored() -> None:
    """Four times a second, to whoever leads; then the slave exits 0."""
    slave = Lone().finished()
    told = [each for each in answers(slave.after(1.0)) if isinstance(each, ResultSaid)]
    assert 3 <= len(told) <= 5
    (end,) = slave.say(Stored(epoch=1, holder=str(LEADER)))
    assert end == Exit(0)


def test_a_result_that_is_not_yet_kept_is_not_told() -> None:
    """First the disk, then the leader: a Stored of it cannot be true."""
    slave = Lone().installed()
    slave.after(PLAN.send + PLAN.grace)
    slave.say(close(cut=0))
    assert slave.core.result is None
    assert answers(slave.say(close(cut=0))) == []
    assert slave.say(Stored(epoch=1, holder=str(LEADER))) == []


def test_a_result_that_nobody_stores_is_given_up_in_the_end() -> None:
    """After result_wait the slave exits 0: its result is on its disk."""
    slave = Lone().finished()
    said = slave.after(PLAN.result_wait + 1.0)
    assert Exit(0) in said


# SIGTERM, and never being prepared


def test_a_slave_that_is_told_to_end_says_so_and_serves_on() -> None:
    """LEAVE, repeated; after five seconds its prefix, not final."""
    slave = Lone().installed()
    slave.core.leave(slave.now)
    assert Leave(view=1) in answers(slave.taken())
    assert slave.core.phase is Phase.SEND
    said = slave.after(1.9)
    assert answers(said).count(Leave(view=1)) >= 6
    assert not any(isinstance(each, Finish) for each in said)


def test_a_view_without_it_lets_a_leaving_slave_go_at_once() -> None:
    """INSTALL of the others' view: the prefix now, not final, and no Installed."""
    slave = Lone().installed()
    slave.core.leave(slave.now)
    slave.taken()
    without = VIEW_1.evolve(view=2, members=MEMBERS[1:])
    said = slave.say(Install(epoch=1, holder=str(LEADER), record=without, elapsed=0.0))
    (finish,) = [each for each in said if isinstance(each, Finish)]
    assert not finish.result.final
    assert not any(isinstance(each, Installed) for each in answers(said))


def test_a_view_without_a_slave_that_does_not_leave_means_nothing_to_it() -> None:
    """An evicted slave goes by its own clock; it is no longer answered for."""
    slave = Lone().installed()
    without = VIEW_1.evolve(view=2, members=MEMBERS[1:])
    assert (
        answers(slave.say(Install(epoch=1, holder=str(LEADER), record=without, elapsed=0.0))) == []
    )
    assert slave.core.at.view == 1


def test_nobody_stops_a_leaving_slave_for_longer_than_five_seconds() -> None:
    """In a SEND that is longer than that."""
    slave = Lone()
    plan = Plan(run="r", nodes=2, seed=3, model="lockstep", send=60.0, grace=1.0)
    slave.say(Sync(epoch=1, holder=str(LEADER), attempt=1, view=0, cut=0, donor=None, plan=plan))
    slave.say(install())
    slave.core.leave(slave.now)
    assert not any(isinstance(each, Finish) for each in slave.after(4.99))
    (finish,) = [each for each in slave.after(0.02) if isinstance(each, Finish)]
    assert not finish.result.final


def test_a_slave_without_a_view_ends_at_once_when_told() -> None:
    """There is nobody whom it could keep waiting."""
    for slave in (Lone(), Lone().prepared()):
        slave.core.leave(slave.now)
        (end,) = [each for each in slave.taken() if isinstance(each, Exit)]
        assert end == Exit(1, "told to end")


def test_a_slave_with_a_result_ends_with_0_when_told() -> None:
    """Its result is on its disk."""
    slave = Lone().finished()
    slave.core.leave(slave.now)
    assert Exit(0, "told to end") in slave.taken()


def test_a_slave_that_no_master_prepares_exits_1_at_its_deadline() -> None:
    """In a pod; by hand there is none, and it waits for ever."""
    slave = Lone(start_deadline=8.0)
    assert slave.after(7.9) == []
    (end,) = slave.after(0.2)
    assert isinstance(end, Exit)
    assert end.code == 1
    assert "no master prepared" in end.reason
    assert Lone().after(100.0) == []


def test_a_prepared_slave_waits_a_whole_start_deadline_for_each_word() -> None:
    """A long START with a living leader is not its fault; a leader that vanished is."""
    slave = Lone(start_deadline=8.0).prepared()
    for _ in range(3):
        assert not any(isinstance(each, Exit) for each in slave.after(7.5))
        slave.say(sync())
    assert any(isinstance(each, Exit) for each in slave.after(8.5))


def test_the_start_deadline_is_over_with_the_first_view() -> None:
    """A run may be longer than its START."""
    slave = Lone(start_deadline=1.0).installed()
    assert not any(isinstance(each, Exit) for each in slave.after(3.5))


def test_a_slave_that_was_prepared_and_never_heard_go_ends_by_itself() -> None:
    """By hand as well: the plan says how long to wait."""
    slave = Lone().prepared()
    said = slave.after(PLAN.start_deadline + 0.5)
    assert [each.code for each in said if isinstance(each, Exit)] == [1]


def test_an_idle_slave_sleeps() -> None:
    """Its deadline always lies ahead after a tick, at most a repetition away."""
    for slave in (Lone(), Lone().prepared(), Lone().installed(), Lone().finished()):
        for _ in range(50):
            slave.now = max(slave.now, slave.core.deadline)
            slave.core.tick(slave.now)
            slave.taken()
            assert slave.now < slave.core.deadline < inf


def test_the_wait_for_a_turn_is_the_tick_and_ends_with_the_next_frame() -> None:
    """spec.tickMicroseconds: not before that time, unless something else came."""
    plan = Plan(run="r", nodes=2, seed=3, model="lockstep", send=2.0, grace=1.0, tick=0.25)
    slave = Lone()
    slave.say(Sync(epoch=1, holder=str(LEADER), attempt=1, view=0, cut=0, donor=None, plan=plan))
    slave.say(install())
    slave.say(Kick(epoch=1, holder=str(LEADER), view=1, elapsed=0.0))
    assert slave.core.pending
    assert slave.core.pending_at == slave.now + 0.25
    slave.core.turn_is_due(slave.now)
    assert slave.core.pending_at == slave.now


def test_links_that_work_are_told_when_asked_and_when_complete() -> None:
    """MEET is answered at once with what works, and again as soon as all works."""
    slave = Lone()
    meet = Meet(epoch=1, holder=str(LEADER), attempt=4, joiners=MEMBERS, members=(), plan=PLAN)
    assert answers(slave.say(meet)) == [Met(epoch=1, attempt=4, links=())]
    slave.core.link_up(OTHER, slave.now)
    assert answers(slave.taken()) == [Met(epoch=1, attempt=4, links=(OTHER,))]
    slave.core.link_down(OTHER, slave.now)
    assert answers(slave.say(meet)) == [Met(epoch=1, attempt=4, links=())]


def test_whatever_comes_of_a_slave_is_a_sign_of_life() -> None:
    """Not only heartbeats."""
    slave = Lone().installed()
    slave.core.link_up(OTHER, slave.now)
    said: list[object] = []
    for _ in range(16):
        said += answers(slave.after(PLAN.suspect / 4))
        slave.core.receive(OTHER, Hello(view=9, held=0, approved=0, turn=0), slave.now)
    assert not [each for each in said if isinstance(each, Suspect)]
    assert [each for each in answers(slave.after(2 * PLAN.suspect)) if isinstance(each, Suspect)]


def test_a_slave_with_a_result_serves_no_donor_any_more() -> None:
    """Its log may be longer than what it said (G6)."""
    slave = Lone().installed()
    fetch = Fetch(epoch=1, attempt=1, view=1, first=1, last=0, snapshot=True)
    slave.say(wedge())
    slave.core.receive(OTHER, fetch, slave.now)
    assert [type(each) for each in answers(slave.taken())] == [Fetched]
    slave.say(close(cut=0))
    slave.core.receive(OTHER, fetch, slave.now)
    assert answers(slave.taken()) == []
