"""A slave's way through its phases to its result, by its own clock (G6), and what it says again.

Called by `core.slave.slave` when time has passed and when a command starts the clock or ends the
run. It knows in which order a phase is entered, frozen and told; `timeline` knows when, `ending`
what the end is.
"""

from ringrun.core.messages import Close, Frozen, Result, Status
from ringrun.core.node import SlaveId
from ringrun.core.notes import Note
from ringrun.core.phase import Phase
from ringrun.core.ring.ring import Tally
from ringrun.core.rules import Rules
from ringrun.core.slave.ending import Ending, Step
from ringrun.core.slave.position import Position
from ringrun.core.slave.timeline import Timeline
from ringrun.core.slave.views import Views
from ringrun.core.slave.voice import Voice
from ringrun.core.slave.watch import Watch

# How often what must arrive is said again.
_REPEAT_SECONDS = 0.25


class Course:
    """One slave's course."""

    __slots__ = (
        "_at",
        "_ending",
        "_repeat_at",
        "_rules",
        "_tally",
        "_timeline",
        "_views",
        "_voice",
        "_watch",
    )

    def __init__(
        self,
        *,
        node: SlaveId,
        rules: Rules,
        voice: Voice,
        at: Position,
        tally: Tally,
        timeline: Timeline,
        watch: Watch,
        views: Views,
        now: float,
    ) -> None:
        self._ending = Ending(
            node=node, rules=rules, voice=voice, at=at, timeline=timeline, tally=tally
        )
        self._rules = rules
        self._voice = voice
        self._at = at
        self._tally = tally
        self._timeline = timeline
        self._watch = watch
        self._views = views
        self._repeat_at = now

    @property
    def giving(self) -> bool:
        """Whether the result is made."""
        return self._ending.giving

    @property
    def result(self) -> Result | None:
        """The result, once it is kept."""
        return self._ending.result

    def deadline(self) -> float:
        """When `move` or `repeat_if_due` has something to do."""
        return min(self._repeat_at, self._timeline.next_end(), self._ending.deadline())

    def move(self, now: float) -> None:
        """Enter the phases that have begun by now, and end when it is time to."""
        if not self._ending.giving:
            self._entered(self._timeline.move(now), now)
        self._end(self._ending.tick(now), now)

    def start(self, elapsed: float, now: float) -> None:
        """GO, or an earlier GO than the own: the largest known time since counts."""
        if self._timeline.start(elapsed, now, spread=self._rules.largest_elapsed):
            self._entered([Phase.SEND], now)
        self.move(now)

    def _entered(self, phases: list[Phase], now: float) -> None:
        for phase in phases:
            self._voice.note(Note.PHASE, phase=phase.value, elapsed=self._timeline.elapsed(now))
            sending = phase is Phase.SEND
            self._tally.counting = sending
            if sending:
                self._tally.since = now
            if self._at.model is not None:
                self._at.model.ring.sending = sending
            if phase is Phase.STOP:
                self._views.rest()
                self.repeat(now)

    # The end

    def close(self, message: Close, now: float) -> None:
        """The run is over."""
        self._end(self._ending.close(message, now), now)

    def left_out(self, now: float) -> None:
        """There is a view without this slave; one that was told to end has waited for that."""
        if self._ending.leaving:
            self._end(Step(final=False), now)

    def _end(self, step: Step | None, now: float) -> None:
        """Freeze: drop data from now on, and serve WEDGE, SYNC and FETCH still; then the result."""
        if step is None or (step.final is not None and self._ending.giving):
            return
        self._entered(self._timeline.freeze(now), now)
        if step.final is None:
            return
        if self._at.log is None:
            # It heard of a GO, and of no view: it has nothing to give.
            self._ending.exit_unadmitted()
        else:
            self._ending.give(now, self._watch.slowest(), final=step.final)

    def finish(self, result: Result, now: float) -> None:
        """The result is kept: say it until it is stored."""
        self._ending.keep(result)
        self.repeat(now)

    def leave(self, now: float) -> None:
        """This slave was told to end."""
        self._ending.leave(now)
        self.repeat(now)

    def exit(self, *, stored: bool) -> None:
        """The process may end: the result is stored, or there never will be one."""
        if stored:
            self._ending.stored()
        else:
            self._ending.exit_unadmitted()

    def give_up(self, reason: str) -> None:
        """The process ends for a reason of its own."""
        self._ending.exit(1, reason)

    # What is said again

    def say_result(self) -> None:
        """Say the result again, if it is kept."""
        self._ending.repeat()

    def repeat_if_due(self, now: float) -> None:
        """Say again what must arrive, a few times a second."""
        if now >= self._repeat_at:
            self._repeat_at = now + _REPEAT_SECONDS
            self.repeat(now)

    def repeat(self, now: float) -> None:
        """Say again to whoever leads what must arrive."""
        if self._voice.leader is None:
            return
        self._ending.repeat()
        if self._ending.giving:
            return
        at, log = self._at, self._at.log
        if at.view and log is not None:
            elapsed = self._timeline.elapsed(now)
            if self._timeline.frozen:
                self._voice.answer(Frozen(view=at.view, held=log.held, elapsed=elapsed))
            else:
                p99 = self._tally.latency.quantile(0.99)
                status = Status(view=at.view, approved=log.approved, elapsed=elapsed, p99=p99)
                self._voice.answer(status)
        self._views.repeat()
