"""One line for each thing that happens in a local run, and one a second with the figures of SEND.

For pipes and files; `bar` builds on it for terminals. What came of the run is printed by
`ringrun.local.run`.
"""

from typing import IO

from ringrun.core.node import MasterId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, EventKind, Live
from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.report_text import event_line, heading
from ringrun.spec import RunSpec
from ringrun.streams import ReaderGoneError, screen_of
from ringrun.wording import duration, folded, ring, thousands

# Said better by the lines that `look` and `run` print.
_UNSAID = frozenset(
    {
        EventKind.SLAVES_READY,
        EventKind.SEND_STARTED,
        EventKind.GRACE_STARTED,
        EventKind.RESULTS_COLLECTED,
    }
)


class Lines:
    """One line for each event, and one a second with the figures of SEND.

    Lines are folded at the width of a terminal, and at 80 columns in a pipe.
    """

    def __init__(self, spec: RunSpec, out: IO[str]) -> None:
        self.gone = False
        self._spec = spec
        self._out = out
        self._begun = False
        self._next_live = 1.0
        self._seconds = 0.0
        self._go_at = 0.0
        self._phase = Phase.START
        self._lost_leader = ""
        self.say(heading(spec, self.width))

    @property
    def width(self) -> int:
        """Columns that there are now."""
        return screen_of(self._out).width

    def say(self, text: str) -> None:
        """Print this at once, whoever reads a pipe wants it now; `gone` once nobody does."""
        try:
            print(text, file=self._out, flush=True)
        except ReaderGoneError:
            self.gone = True

    def look(self, record: Record | None, orders: Orders, seconds: float) -> None:
        """Say once how the run began."""
        self._seconds = seconds
        if self._begun or record is None or record.view < 1:
            return
        self._begun = True
        self.say(event_line("START", seconds, _beginning(self._spec, record), self.width))

    def event(self, event: Event) -> None:
        """Say what happened, and when: seconds on the ring's clock."""
        if event.phase == Phase.START:
            return
        self._phase, self._go_at = Phase(event.phase), self._seconds - event.at
        text = event.text
        if event.kind is EventKind.LEADER_ELECTED and self._lost_leader:
            text = f"master {self._lost_leader} lost; {text}"
            self._lost_leader = ""
        if event.kind not in _UNSAID:
            self.say(event_line(event.phase, event.at, text, self.width))

    def master_lost(self, master: MasterId, *, leading: bool) -> None:
        """Say that a standby was lost; of a leader it is said when the next one leads."""
        if leading:
            self._lost_leader = master.place
        else:
            at = self._seconds - self._go_at
            text = f"standby master {master.place} lost"
            self.say(event_line(self._phase, at, text, self.width))

    def live(self, live: Live) -> None:
        """Say the figures, if a second has gone since the last time."""
        if self._next_live <= live.elapsed < self._spec.send:
            self._next_live = int(live.elapsed) + 1.0
            figures = f"SEND   {left_text(self._spec, live)}   {figures_text(live)}"
            self.say(folded(figures, self.width, 7, "   "))

    def close(self) -> None:
        """Leave everything as it stands."""


def _beginning(spec: RunSpec, record: Record) -> str:
    members = ring(member.ordinal for member in record.members)
    holder = MasterId.parse(record.holder)
    leader = holder.place if holder is not None else "nobody"
    return (
        f"{len(record.members)} of {spec.nodes} slaves ready; "
        f"{leader} leads (epoch {record.epoch}); view {record.view} {members}"
    )


def left_text(spec: RunSpec, live: Live) -> str:
    """How much of SEND is left."""
    return f"{max(0.0, spec.send - live.elapsed):.1f} s left"


def figures_text(live: Live) -> str:
    """How far and how fast the ring is."""
    return (
        f"{thousands(live.approved)} approved   {thousands(live.rate)}/s   p99 {duration(live.p99)}"
    )
