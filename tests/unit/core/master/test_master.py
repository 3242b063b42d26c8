"""A master and the record: compare-and-swap, read back, and leading only while it may (G7)."""

import msgspec
import pytest
from runs import spec_of

from ringrun.core.master.election import Terms
from ringrun.core.master.master import Master
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Leaving, Orders
from ringrun.core.outputs import (
    Exit,
    Links,
    Outcome,
    Output,
    ReadRecord,
    ReadReport,
    WriteRecord,
    WriteReport,
)
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Record
from ringrun.runtime.planning import plan_of

SPEC = spec_of()
TERMS = Terms(lease=4.0, renew=1.0, stop_after=3.0)
LEADER = MasterId(0, 1)
POLL = 0.25
STARTED = 64.0
# A deadline is never nearer than a millisecond.
SOON = 0.01


class Lone:
    """A master whose stores are the test."""

    def __init__(self, me: MasterId = LEADER) -> None:
        self.now = STARTED
        self.core = Master(
            me=me, spec=SPEC, plan=plan_of(SPEC, "r"), now=self.now, poll=POLL, terms=TERMS
        )

    def taken(self) -> list[Output]:
        """What it asks for, the read of the report apart."""
        outputs = [each for each in self.core.outputs if not isinstance(each, ReadReport)]
        self.core.outputs.clear()
        return outputs

    def ticked(self) -> list[Output]:
        """A tick at this moment."""
        self.core.tick(self.now)
        return self.taken()

    def after(self, seconds: float) -> list[Output]:
        """Time passes, with every deadline kept."""
        end = self.now + seconds
        outputs: list[Output] = []
        while self.core.deadline <= end:
            self.now = max(self.now, self.core.deadline)
            outputs += self.ticked()
        self.now = end
        return outputs

    def reads(self, record: Record | None) -> list[Output]:
        """The answer to a read."""
        self.core.record_read(record, self.now)
        return self.taken()

    def wrote(self, outcome: Outcome, record: Record | None = None) -> list[Output]:
        """The answer to a write."""
        self.core.record_written(outcome, record, self.now)
        return self.taken()

    def asks(self) -> Record:
        """It reads a free record and asks to lead: what it wants written."""
        assert requests(self.ticked()) == [ReadRecord()]
        (write,) = requests(self.reads(Record(version=4, epoch=2, view=0)))
        assert isinstance(write, WriteRecord)
        return write.record

    def leading(self) -> "Lone":
        """It leads in epoch 3, version 5."""
        self.asks()
        self.wrote(Outcome.SAVED)
        assert self.core.lead is not None
        return self


def requests(outputs: list[Output]) -> list[Output]:
    """Reads and writes of the record."""
    return [each for each in outputs if isinstance(each, ReadRecord | WriteRecord)]


def test_a_take_over_changes_epoch_holder_and_renewed_alone() -> None:
    """Epoch plus one, by the same write that takes the lease."""
    wanted = Lone().asks()
    before = Record(version=4, epoch=2, view=0)
    assert wanted == msgspec.structs.replace(
        before, version=5, epoch=3, holder="m0-1", renewed=wanted.renewed
    )


def test_it_leads_only_once_its_epoch_is_recorded() -> None:
    """Asking is not leading; a conflict shows who was first."""
    master = Lone()
    wanted = master.asks()
    assert master.core.lead is None
    other = msgspec.structs.replace(wanted, holder="m1-1")
    assert requests(master.wrote(Outcome.CONFLICT, other)) == []
    assert master.core.lead is None


def test_a_held_lease_is_only_read() -> None:
    """Every poll, until it has not changed for its length."""
    master = Lone()
    master.ticked()
    held = Record(version=4, epoch=2, holder="m1-1")
    master.reads(held)
    reads = 0
    while master.now < 64.0 + TERMS.lease - 2 * POLL:
        asked = requests(master.after(POLL + SOON))
        assert asked in ([], [ReadRecord()])
        reads += len(asked)
        if asked:
            master.reads(held)
    assert reads >= 10
    asked = requests(master.after(2 * POLL))
    if asked == [ReadRecord()]:
        asked = requests(master.reads(held)) or requests(master.after(POLL + SOON))
    assert isinstance(asked[-1], WriteRecord)
    assert asked[-1].record.epoch == 3


def test_one_request_is_in_flight_however_long_it_takes() -> None:
    """Of reads and of writes; the master sleeps meanwhile, and whatever wakes it, it waits."""
    master = Lone()
    master.ticked()
    assert requests(master.after(100.0)) == []
    assert requests(master.ticked()) == []
    master.reads(Record(version=4))
    assert requests(master.after(100.0)) == []
    assert requests(master.ticked()) == []


def test_a_standby_whose_record_is_out_of_reach_sleeps_between_its_reads() -> None:
    """It stood for the free lease, and nobody answered: until that is read back there is nothing
    to wake for."""
    master = Lone()
    master.asks()
    master.wrote(Outcome.UNKNOWN)
    ticks, end = 0, master.now + 10 * POLL
    while master.now < end:
        master.core.record_read(None, master.now)
        master.taken()
        while master.core.deadline <= end and not requests(master.ticked()):
            master.now = max(master.now, master.core.deadline)
            ticks += 1
        master.now += SOON
    assert ticks < 25


def test_a_leader_renews_its_lease_each_second() -> None:
    """With the next version, in its own epoch, changing nothing that counts."""
    master = Lone().leading()
    version = 5
    for _ in range(3):
        (write,) = requests(master.after(TERMS.renew + SOON))
        assert isinstance(write, WriteRecord)
        assert (write.record.version, write.record.epoch) == (version + 1, 3)
        assert write.record.holder == "m0-1"
        version += 1
        master.wrote(Outcome.SAVED)


def test_a_leader_that_hears_nothing_of_its_writes_stops_by_itself() -> None:
    """Three seconds after it sent the last one that succeeded, before another may take over."""
    master = Lone().leading()
    master.after(TERMS.stop_after - 0.01)
    assert master.core.lead is not None
    master.after(0.02)
    assert master.core.lead is None


@pytest.mark.parametrize("holder", ["m1-1", ""])
def test_a_leader_that_reads_another_holder_stops_for_good(holder: str) -> None:
    """Also if its lease was freed: to lead again it takes a new epoch."""
    master = Lone().leading()
    other = Record(version=9, epoch=4 if holder else 3, holder=holder)
    asked = master.reads(other)
    assert master.core.lead is None
    writes = [each for each in asked if isinstance(each, WriteRecord)]
    assert [write.record.epoch for write in writes] == ([] if holder else [4])


def test_a_conflict_stops_a_leader() -> None:
    """It does not write its old view over another's epoch."""
    master = Lone().leading()
    master.after(TERMS.renew + SOON)
    other = Record(version=9, epoch=4, holder="m1-1")
    assert not any(isinstance(each, WriteRecord) for each in master.wrote(Outcome.CONFLICT, other))
    assert master.core.lead is None


def test_an_unknown_outcome_is_read_back_before_anything_else() -> None:
    """Neither leading nor writing again, until the record was seen."""
    master = Lone()
    wanted = master.asks()
    assert requests(master.wrote(Outcome.UNKNOWN)) == [ReadRecord()]
    assert master.core.lead is None
    master.reads(None)  # out of reach
    assert requests(master.after(POLL + SOON)) == [ReadRecord()]
    master.reads(wanted)
    assert master.core.lead is not None
    assert master.core.lead.record == wanted


def test_what_was_not_written_after_all_is_tried_again() -> None:
    """The timed-out take-over is not in what is read: the lease is still free."""
    master = Lone()
    master.asks()
    master.wrote(Outcome.UNKNOWN)
    (again,) = requests(master.reads(Record(version=4, epoch=2)))
    assert isinstance(again, WriteRecord)
    assert again.record.epoch == 3
    assert master.core.lead is None


def test_a_renewal_that_was_read_back_counts_from_when_it_was_sent() -> None:
    """Not from when it was seen: that would lead for longer than the lease."""
    master = Lone().leading()
    (write,) = requests(master.after(TERMS.renew + SOON))
    assert isinstance(write, WriteRecord)
    sent = master.now
    master.now += 1.0
    master.wrote(Outcome.UNKNOWN)
    master.reads(write.record)
    while master.core.lead is not None:
        asked = master.after(1 / 64)
        assert master.now < sent + 2 * TERMS.stop_after
        assert Exit(0) not in asked
    assert master.now == pytest.approx(sent + TERMS.stop_after, abs=1 / 32)


def test_a_renewal_that_was_not_written_after_all_lets_it_lead_no_longer() -> None:
    """It is tried again; until that succeeds the lease counts from the write before."""
    master = Lone().leading()
    recorded = master.core.lead.record
    sent = master.now
    assert requests(master.after(TERMS.renew + SOON))
    master.wrote(Outcome.UNKNOWN)
    assert requests(master.reads(recorded))
    while master.core.lead is not None:
        master.after(1 / 64)
        assert master.now < sent + 2 * TERMS.stop_after
    assert master.now == pytest.approx(sent + TERMS.stop_after, abs=1 / 32)


def test_a_standby_reads_the_record_as_soon_as_a_master_is_lost() -> None:
    """Its lease is freed by then: nobody need wait for the next poll."""
    master = Lone()
    both = Orders(version=1, masters=("m0-1", "m1-1"))
    master.ticked()
    master.reads(Record(version=4, epoch=2, holder="m1-1"))
    master.core.orders_read(both, master.now)
    assert requests(master.taken()) == []
    alone = msgspec.structs.replace(both, version=2, masters=("m0-1",))
    master.core.orders_read(alone, master.now)
    assert requests(master.taken()) == [ReadRecord()]


def test_a_leader_that_stands_aside_frees_its_lease_and_lets_others_try() -> None:
    """For two lease lengths; if by then nobody has taken it, it leads with what it reaches."""
    master = Lone()
    master.core.orders_read(Orders(version=1, masters=("m0-1", "m1-1")), master.now)
    master.taken()
    members = tuple(Member(ordinal=ordinal, incarnation=1) for ordinal in range(3))
    record = Record(version=4, epoch=2, view=1, members=members, phase=Phase.SEND)
    asked = requests(master.reads(record))
    for _ in range(99):
        if asked:
            (write,) = asked
            assert isinstance(write, WriteRecord)
            record = write.record
            asked = requests(master.wrote(Outcome.SAVED))
            if not record.holder:
                break
        asked = asked or requests(master.after(0.125))
    assert (record.holder, record.epoch, master.core.lead) == ("", 3, None)
    aside = master.now
    while not asked or asked == [ReadRecord()]:
        assert master.now < aside + 3 * TERMS.lease
        asked = requests(master.reads(record)) if asked else requests(master.after(0.125))
    (again,) = asked
    assert isinstance(again, WriteRecord)
    assert (again.record.holder, again.record.epoch) == ("m0-1", 4)
    assert master.now == pytest.approx(aside + 2 * TERMS.lease, abs=POLL)


def test_an_older_record_changes_nothing() -> None:
    """A read that was overtaken by a write."""
    master = Lone().leading()
    master.reads(Record(version=3, epoch=1, holder="m1-1"))
    assert master.core.lead is not None


def test_a_leader_that_is_told_to_end_frees_its_lease_and_nothing_else() -> None:
    """Holder empty, everything else as it was; then it exits."""
    master = Lone().leading()
    before = master.core.lead.record
    master.core.release(master.now)
    (write,) = requests(master.taken())
    assert isinstance(write, WriteRecord)
    assert write.record == msgspec.structs.replace(before, version=6, holder="")
    assert master.core.lead is None
    assert Exit(0) in master.wrote(Outcome.SAVED)


def test_once_all_is_told_the_lease_is_freed_for_nobody() -> None:
    """The record says that it is done: a standby that reads it ends as well."""
    master = Lone()
    master.ticked()
    stop = Record(version=4, epoch=2, phase=Phase.STOP, closed=False)
    assert requests(master.reads(stop))
    master.wrote(Outcome.SAVED)
    master.core.report_read(0, None, master.now)
    (write,) = [each for each in master.taken() if isinstance(each, WriteReport)]
    assert write.document["complete"]
    master.core.report_written(Outcome.SAVED, 1, None, master.now)
    (freed,) = requests(master.taken())
    assert isinstance(freed, WriteRecord)
    assert (freed.record.holder, freed.record.done) == ("", True)
    assert Exit(0) in master.wrote(Outcome.SAVED)
    standby = Lone(MasterId(1, 1))
    standby.ticked()
    assert standby.reads(freed.record) == [Exit(0)]


def test_a_standby_that_is_told_to_end_just_ends() -> None:
    """It has nothing to free; and a request that hangs does not keep it for long."""
    master = Lone()
    master.ticked()
    master.reads(Record(version=4, epoch=2, holder="m1-1"))
    master.core.release(master.now)
    assert Exit(0) in master.taken()
    hanging = Lone()
    hanging.ticked()
    hanging.core.release(hanging.now)
    assert Exit(0) not in hanging.taken()
    assert Exit(0) in hanging.after(2.0)


def test_leader_and_standby_dial_all_slaves_that_are_not_dead() -> None:
    """A take-over finds its links there."""
    roster = tuple(
        Member(ordinal=ordinal, incarnation=1, host="h", port=1 + ordinal) for ordinal in range(3)
    )
    master = Lone()
    orders = Orders(version=1, roster=roster, dead=(SlaveId(1, 1),), complete=True)
    master.core.orders_read(orders, master.now)
    links = [each for each in master.taken() if isinstance(each, Links)]
    assert links == [Links((roster[0], roster[2]))]
    master.core.orders_read(msgspec.structs.replace(orders, version=0, dead=()), master.now)
    assert not [each for each in master.taken() if isinstance(each, Links)]


def test_the_link_of_a_slave_that_leaves_is_kept_until_it_is_dead() -> None:
    """It is on no roster any more, but has a result to tell."""
    master = Lone().leading()
    roster = tuple(
        Member(ordinal=ordinal, incarnation=1, host="h", port=1 + ordinal) for ordinal in range(3)
    )
    orders = Orders(version=1, roster=roster, complete=True)
    master.core.orders_read(orders, master.now)
    master.taken()
    left = msgspec.structs.replace(
        orders, version=2, roster=roster[:2], leaving=(Leaving(2, 1, 0.0),)
    )
    master.core.orders_read(left, master.now)
    assert not [each for each in master.taken() if isinstance(each, Links)]
    master.core.orders_read(msgspec.structs.replace(left, version=3, dead=((2, 1),)), master.now)
    links = [each for each in master.taken() if isinstance(each, Links)]
    assert links == [Links(roster[:2])]


def test_a_run_that_nobody_could_prepare_in_time_is_stopped_unclosed() -> None:
    """The silent slaves are named in the reason."""
    master = Lone().leading()
    roster = tuple(
        Member(ordinal=ordinal, incarnation=1, host="h", port=1 + ordinal) for ordinal in range(3)
    )
    master.core.orders_read(Orders(version=1, roster=roster, complete=True), master.now)
    master.after(TERMS.renew + SOON)
    end = STARTED + SPEC.start_deadline
    said: list[Output] = []
    while not said or said[-1].record.phase is not Phase.STOP:
        assert master.now <= end + 2.0
        said = [each for each in master.wrote(Outcome.SAVED) if isinstance(each, WriteRecord)]
        while not said:
            said = [each for each in master.after(0.5) if isinstance(each, WriteRecord)]
    record = said[-1].record
    assert master.now >= end
    assert (record.closed, record.view) == (False, 0)
    assert str(record.stop_reason) == "StartDeadlineExceeded: slaves not prepared: 0, 1, 2"


def test_a_leader_that_stands_aside_frees_its_lease_and_lets_the_other_try() -> None:
    """It reaches nobody, and a standby need not wait for the lease to expire."""
    members = tuple(Member(ordinal=ordinal, incarnation=1) for ordinal in range(3))
    master = Lone()
    orders = Orders(version=1, phase=Phase.SEND, roster=members, masters=("m0-1", "m1-1"))
    master.core.orders_read(orders, master.now)
    master.taken()
    record = Record(version=4, epoch=2, view=1, members=members, phase=Phase.SEND)
    asked = requests(master.reads(record))
    written = []
    for _ in range(200):
        written += [each.record for each in asked if isinstance(each, WriteRecord)]
        if asked != [ReadRecord()]:
            asked = requests(master.wrote(Outcome.SAVED) if asked else master.after(0.125))
        elif master.core.lead is None:
            break
        else:
            asked = requests(master.reads(written[-1]))
    assert written[0].holder == "m0-1"
    assert written[-1] == written[-2].evolve(holder="")
    freed = written[-1]
    for _ in range(8):
        assert not [each for each in master.after(POLL) if isinstance(each, WriteRecord)]
        master.reads(freed)
