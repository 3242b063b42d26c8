"""What the user sees while a local run runs: one line for each thing that happens, and the figures.

`supervisor` tells it what it sees; `run` prints the outcome below. On a terminal the figures of
SEND are a bar that stays in its place; elsewhere they are a line a second; with `--quiet` or
`--output json` there is nothing.
"""

from typing import IO, Protocol

from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, Live
from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.report_text import duration, heading, thousands
from ringrun.spec import RunSpec

# Said better by the lines that `look` and `run` print.
_UNSAID = frozenset({"SlavesReady", "SendStarted", "GraceStarted", "ResultsCollected"})


class Display(Protocol):
    """What `supervisor` tells; `close` comes last, whatever happened."""

    def look(self, record: Record | None, orders: Orders, seconds: float) -> None:
        """The record and the orders as they are, so many seconds after the run's start."""

    def event(self, event: Event) -> None:
        """Something happened, in the leader's words."""

    def master_lost(self, name: str, *, leading: bool) -> None:
        """The process of a master has ended before its time."""

    def live(self, live: Live) -> None:
        """The figures of the moment, while in SEND."""

    def close(self) -> None:
        """Nothing more will come."""


class Silent:
    """Shows nothing."""

    def look(self, record: Record | None, orders: Orders, seconds: float) -> None:
        """Show nothing."""

    def event(self, event: Event) -> None:
        """Show nothing."""

    def master_lost(self, name: str, *, leading: bool) -> None:
        """Show nothing."""

    def live(self, live: Live) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


class Lines:
    """One line for each event, and one a second with the figures of SEND."""

    def __init__(self, spec: RunSpec, out: IO[str]) -> None:
        self._spec = spec
        self._out = out
        self._begun = False
        self._next_live = 1.0
        self._seconds = 0.0
        self._go_at = 0.0
        self._phase = Phase.START
        self._lost_leader = ""
        self.say(heading(spec))

    def say(self, text: str) -> None:
        """Print one line at once: whoever reads a pipe wants it now."""
        print(text, file=self._out, flush=True)

    def look(self, record: Record | None, orders: Orders, seconds: float) -> None:
        """Say once how the run began."""
        self._seconds = seconds
        if self._begun or record is None or record.view < 1:
            return
        self._begun = True
        self.say(f"START  {seconds:.2f} s  {_beginning(self._spec, record)}")

    def event(self, event: Event) -> None:
        """Say what happened, and when: seconds on the ring's clock."""
        if event.phase == Phase.START:
            return
        self._phase, self._go_at = Phase(event.phase), self._seconds - event.at
        text = event.text
        if event.kind == "LeaderElected" and self._lost_leader:
            text = f"master {self._lost_leader} lost; {text}"
            self._lost_leader = ""
        if event.kind not in _UNSAID:
            self.say(f"{event.phase:<6} {event.at:.2f} s  {text}")

    def master_lost(self, name: str, *, leading: bool) -> None:
        """Say that a standby was lost; of a leader it is said when the next one leads."""
        place = name.rpartition("-")[0]
        if leading:
            self._lost_leader = place
        else:
            at = self._seconds - self._go_at
            self.say(f"{self._phase:<6} {at:.2f} s  standby master {place} lost")

    def live(self, live: Live) -> None:
        """Say the figures, if a second has gone since the last time."""
        if self._next_live <= live.elapsed < self._spec.send:
            self._next_live = int(live.elapsed) + 1.0
            self.say(f"SEND   {left_text(self._spec, live)}   {figures_text(live)}")

    def close(self) -> None:
        """Leave everything as it stands."""


def display_for(spec: RunSpec, out: IO[str], *, silent: bool) -> Display:
    """The display that fits where the output goes."""
    if silent:
        return Silent()
    if not out.isatty():
        return Lines(spec, out)
    # Loaded only where it can be seen: it costs more than the rest of the supervisor.
    from ringrun.local.display.bar import Bar

    return Bar(spec, out)


def _beginning(spec: RunSpec, record: Record) -> str:
    ring = " ".join(str(member.ordinal) for member in record.members)
    leader = record.holder.rpartition("-")[0] or "nobody"
    return (
        f"{len(record.members)} of {spec.nodes} slaves ready; "
        f"{leader} leads (epoch {record.epoch}); view {record.view} [{ring}]"
    )


def left_text(spec: RunSpec, live: Live) -> str:
    """How much of SEND is left."""
    return f"{max(0.0, spec.send - live.elapsed):.1f} s left"


def figures_text(live: Live) -> str:
    """How far and how fast the ring is."""
    return (
        f"{thousands(live.approved)} approved   {thousands(live.rate)}/s   p99 {duration(live.p99)}"
    )
