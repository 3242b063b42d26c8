"""How a slave ends: CLOSE, its result, and when it may go (docs/protocol.md, Ending)."""

from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING

from ringrun.core.messages import Close, Leave, Result, ResultSaid
from ringrun.core.notes import Note
from ringrun.core.outputs import Exit, Finish
from ringrun.core.record import Record
from ringrun.core.rules import Rules

if TYPE_CHECKING:
    from ringrun.core.slave.slave import Slave

# How long a slave that was told to end (SIGTERM) goes on serving.
_LEAVE_SECONDS = 5.0


class Answer(Enum):
    """What a slave does on CLOSE."""

    FINAL = auto()
    PREFIX = auto()
    WAIT = auto()
    GO = auto()


def answer_to(record: Record, view: int, held: int, rules: Rules) -> Answer:
    """The answer of a slave that has installed `view` (0: none) and holds `held` entries.

    Only who is exactly one view behind the closing one holds what its cut speaks of.
    """
    if not view:
        return Answer.GO
    if not record.closed:
        return Answer.PREFIX if rules.unclosed_not_final else Answer.FINAL
    if record.view - 1 != view and rules.exactly_view_before:
        return Answer.PREFIX
    return Answer.FINAL if held >= record.cut else Answer.WAIT


class Ending:
    """One slave's way out. `giving` says that the result is made: nothing counts after it (G6)."""

    __slots__ = ("_closing", "_exit_at", "_leave_at", "_slave", "_wait_until", "giving", "result")

    def __init__(self, slave: "Slave") -> None:
        self.giving = False
        self.result: Result | None = None
        self._slave = slave
        self._closing = False
        self._wait_until = self._leave_at = self._exit_at = inf

    @property
    def leaving(self) -> bool:
        """Whether it was told to end by itself."""
        return self._leave_at < inf

    def deadline(self) -> float:
        """When `tick` has something to do."""
        due = min(self._wait_until, self._leave_at, self._exit_at)
        frozen_at = self._slave.timeline.frozen_at
        if frozen_at == inf or self.giving or self._closing:
            return due
        plan = self._slave.plan
        return min(due, frozen_at + (plan.stop_wait if plan else 0.0))

    def tick(self, now: float) -> None:
        """Without a CLOSE, or without what it speaks of, the approved prefix is the result."""
        if self.giving:
            if now >= self._exit_at:
                self.exit(0)
        elif now >= self.deadline():
            if self._slave.log is None:
                self.exit(1, "the run ended before this slave was admitted")
            else:
                self.give(now, final=False)

    def close(self, message: Close, now: float) -> None:
        """The run is over: a result for this record, now or after what is lacking has come."""
        slave = self._slave
        record = message.record
        log = slave.log
        held = log.held if log is not None else 0
        answer = answer_to(record, slave.view, held, slave.rules)
        if log is None or answer is Answer.GO:
            self.exit(1, "the run ended before this slave was admitted")
        elif answer is Answer.FINAL:
            if record.closed and record.cut > log.approved:
                log.approve(record.cut)
                slave.note(Note.APPROVED, slave.view, record.cut, 2)
            self.give(now, final=True)
        elif answer is Answer.PREFIX:
            self.give(now, final=False)
        elif not self._closing:
            self._closing = True
            self._wait_until = now + (slave.plan.stop_wait if slave.plan else 0.0)
            if slave.rules.close_freezes:
                slave.freeze(now)

    def give(self, now: float, *, final: bool) -> None:
        """Make the result: what is approved, and nothing after it."""
        slave = self._slave
        log = slave.log
        if self.giving or log is None:
            return
        slave.freeze(now)
        self.giving = True
        self._wait_until = self._leave_at = inf
        self._exit_at = now + (slave.plan.result_wait if slave.plan else 0.0)
        totals = log.totals()
        peer, wait = slave.watch.slowest()
        tally = slave.tally
        result = Result(
            ordinal=slave.node.ordinal,
            incarnation=slave.node.incarnation,
            view=slave.view,
            count=totals.count,
            sum_exact=str(totals.sum_exact),
            digest=totals.digest.hex(),
            final=final,
            issued=max(log.held, tally.issued),
            blocks=tuple((count, digest.hex()) for count, digest in log.recent_digests()),
            cuts=tuple((count, digest.hex()) for count, digest in log.recent_cuts()),
            frames_sent=tally.sent,
            frames_received=tally.received,
            cpu_seconds=0.0,
            send_seconds=slave.timeline.send_seconds,
            grace_seconds=slave.timeline.grace_seconds,
            longest_gap=tally.gap,
            slowest_peer=peer,
            slowest_wait=wait,
            latency=tally.latency.buckets(),
            latency_max=tally.latency.largest,
        )
        slave.note(
            Note.RESULT,
            count=result.count,
            sumExact=result.sum_exact,
            digest=result.digest,
            final=final,
            view=slave.view,
        )
        slave.outputs.append(Finish(result))

    def leave(self, now: float) -> None:
        """SIGTERM: serve on until a view without this slave, or five seconds."""
        if not self._slave.view or self.giving:
            self.exit(0 if self.giving else 1, "told to end")
        elif not self.leaving:
            self._leave_at = now + _LEAVE_SECONDS

    def repeat(self) -> None:
        """Say the result, or the wish to leave, to whoever leads."""
        slave = self._slave
        if self.result is not None:
            slave.answer(ResultSaid(result=self.result))
        elif self.leaving and not self.giving:
            slave.answer(Leave(view=slave.view))

    def told(self, *, stored: bool) -> None:
        """After a result a slave only repeats it, whatever the command, until it is stored."""
        if stored and self.result is not None:
            self.exit(0)
        else:
            self.repeat()

    def exit(self, code: int, reason: str = "") -> None:
        """This process is done."""
        self._exit_at = self._wait_until = self._leave_at = inf
        self._slave.outputs.append(Exit(code, reason))
