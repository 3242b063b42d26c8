"""How a slave ends: CLOSE, its result, and when it may go (docs/protocol.md, Ending).

Asked by `core.slave.course`, which does the `Step` that is given back: before a result the slave
freezes, and that is not this module's.
"""

from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from ringrun.core.messages import Close, Leave, Result, ResultSaid
from ringrun.core.node import SlaveId
from ringrun.core.notes import Note
from ringrun.core.outputs import Exit, Finish
from ringrun.core.record import Record
from ringrun.core.ring.ring import Tally
from ringrun.core.rules import Rules
from ringrun.core.slave.position import Position
from ringrun.core.slave.timeline import Timeline
from ringrun.core.slave.voice import Voice

# How long a slave that was told to end (SIGTERM) goes on serving.
_LEAVE_SECONDS = 5.0


class Answer(Enum):
    """What a slave that was in a view does on CLOSE."""

    FINAL = auto()
    PREFIX = auto()
    WAIT = auto()


def answer_to(record: Record, view: int, held: int, rules: Rules) -> Answer:
    """The answer of a slave that has installed `view`, at least 1, and holds `held` entries.

    Only who is exactly one view behind the closing one holds what its cut speaks of.
    """
    if not record.closed:
        return Answer.PREFIX if rules.unclosed_not_final else Answer.FINAL
    if record.view - 1 != view and rules.exactly_view_before:
        return Answer.PREFIX
    return Answer.FINAL if held >= record.cut else Answer.WAIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the slave does next: it freezes, and then, unless `final` is None, gives its result."""

    final: bool | None


class Ending:
    """One slave's way out. `giving` says that the result is made: nothing counts after it (G6).

    `result` is what was made, once the runner has kept it.
    """

    __slots__ = (
        "_at",
        "_closing",
        "_exit_at",
        "_gone",
        "_leave_at",
        "_node",
        "_rules",
        "_tally",
        "_timeline",
        "_voice",
        "_wait_until",
        "giving",
        "result",
    )

    def __init__(
        self,
        *,
        node: SlaveId,
        rules: Rules,
        voice: Voice,
        at: Position,
        timeline: Timeline,
        tally: Tally,
    ) -> None:
        self.giving = False
        self.result: Result | None = None
        self._node = node
        self._rules = rules
        self._voice = voice
        self._at = at
        self._timeline = timeline
        self._tally = tally
        self._closing = False
        self._gone = False
        self._wait_until = self._leave_at = self._exit_at = inf

    @property
    def leaving(self) -> bool:
        """Whether it was told to end by itself."""
        return self._leave_at < inf

    def deadline(self) -> float:
        """When `tick` has something to do."""
        due = min(self._wait_until, self._leave_at, self._exit_at)
        timeline = self._timeline
        if not timeline.frozen or self.giving or self._closing or self._gone:
            return due
        return min(due, timeline.frozen_at + self._stop_wait)

    @property
    def _stop_wait(self) -> float:
        plan = self._timeline.plan
        return plan.stop_wait if plan is not None else 0.0

    def tick(self, now: float) -> Step | None:
        """Without a CLOSE, or without what it speaks of, the approved prefix is the result."""
        if self.giving:
            if now >= self._exit_at:
                self.exit(0)
        elif now >= self.deadline():
            return Step(final=False)
        return None

    def close(self, message: Close, now: float) -> Step | None:
        """The run is over: a result for this record, now or after what is lacking has come."""
        record = message.record
        log = self._at.log
        assert log is not None, "who was in a view has a log"
        answer = answer_to(record, self._at.view, log.held, self._rules)
        if answer is Answer.PREFIX:
            return Step(final=False)
        if answer is Answer.FINAL:
            if record.closed and record.cut > log.approved:
                log.approve(record.cut)
                self._voice.note(Note.APPROVED, self._at.view, record.cut, 2)
            return Step(final=True)
        if self._closing:
            return None
        self._closing = True
        self._wait_until = now + self._stop_wait
        return Step(final=None) if self._rules.close_freezes else None

    def give(self, now: float, slowest: tuple[int, float], *, final: bool) -> None:
        """Make the result of a slave that is frozen: what is approved, and nothing after it.

        `slowest` is the peer that was waited for the longest (-1: none), and how long.
        """
        log = self._at.log
        assert log is not None
        plan = self._timeline.plan
        self.giving = True
        self._wait_until = self._leave_at = inf
        self._exit_at = now + (plan.result_wait if plan is not None else 0.0)
        totals = log.totals()
        peer, wait = slowest
        tally = self._tally
        result = Result(
            ordinal=self._node.ordinal,
            incarnation=self._node.incarnation,
            view=self._at.view,
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
            send_seconds=self._timeline.send_seconds,
            grace_seconds=self._timeline.grace_seconds,
            longest_gap=tally.gap,
            slowest_peer=peer,
            slowest_wait=wait,
            latency=tally.latency.buckets(),
            latency_max=tally.latency.largest,
        )
        self._voice.note(
            Note.RESULT,
            count=result.count,
            sumExact=result.sum_exact,
            digest=result.digest,
            final=final,
            view=self._at.view,
        )
        self._voice.outputs.append(Finish(result))

    def keep(self, result: Result) -> None:
        """The result is where it outlives the process."""
        self.result = result

    def leave(self, now: float) -> None:
        """SIGTERM: serve on until a view without this slave, or five seconds."""
        if not self._at.view or self.giving:
            self.exit(0 if self.giving else 1, "told to end")
        elif not self.leaving:
            self._leave_at = now + _LEAVE_SECONDS

    def repeat(self) -> None:
        """Say the result, or the wish to leave, to whoever leads."""
        if self.result is not None:
            self._voice.answer(ResultSaid(result=self.result))
        elif self.leaving and not self.giving:
            self._voice.answer(Leave(view=self._at.view))

    def stored(self) -> None:
        """The leader keeps what was said: the slave may go."""
        if self.result is not None:
            self.exit(0)

    def exit_unadmitted(self) -> None:
        """There is nothing to tell."""
        self.exit(1, "the run ended before this slave was admitted")

    def exit(self, code: int, reason: str = "") -> None:
        """This process is done."""
        self._gone = True
        self._exit_at = self._wait_until = self._leave_at = inf
        self._voice.outputs.append(Exit(code, reason))
