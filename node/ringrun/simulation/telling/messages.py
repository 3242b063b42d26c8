"""What a message says, in words: its name as docs/protocol.md has it, and what it is about."""

from collections.abc import Callable
from typing import Any, Final

from ringrun.core.messages import (
    Close,
    Fetch,
    Fetched,
    Frozen,
    Heartbeat,
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
    Status,
    Stored,
    Suspect,
    Sync,
    Synced,
    Trouble,
    Wedge,
    Wedged,
)
from ringrun.core.phase import Phase
from ringrun.core.ring.frame import HEADER, WAGON, Kind
from ringrun.simulation.telling.nodes import members, ring, span, view
from ringrun.wording import duration

_TROUBLES: Final = {
    Trouble.SILENT: "is silent",
    Trouble.RESET: "is not reached any more",
    Trouble.WAITING: "is waited for",
}


def name(payload: Any) -> str:
    """`WEDGE`, `MESSAGE`: what kind of message it is."""
    if isinstance(payload, bytes):
        kind = HEADER.unpack_from(payload)[0]
        return Kind(kind).name if kind in Kind._value2member_map_ else f"FRAME {kind}"
    if isinstance(payload, ResultSaid):
        return "RESULT"
    return type(payload).__name__.upper()


def words(payload: Any) -> str:
    """What it says; a control message or a data frame."""
    if isinstance(payload, bytes):
        return _frame(payload)
    return _WORDS[type(payload)](payload)


def _go(elapsed: float) -> str:
    """Since GO; less than zero says that it is not known."""
    return f"; GO {elapsed:.3f} s ago" if elapsed >= 0 else ""


def _meet(meet: Meet) -> str:
    if not meet.members:
        return f"attempt {meet.attempt}: prove your links to {members(meet.joiners)}"
    return (
        f"attempt {meet.attempt}: {members(meet.joiners)} would join {members(meet.members)}; "
        "prove your links"
    )


def _met(met: Met) -> str:
    works = f"links work to {ring(met.links)}" if met.links else "no link works yet"
    return f"attempt {met.attempt}: {works}"


def _wedge(wedge: Wedge) -> str:
    where = f"in view {wedge.record.view}" if wedge.record.view else "before the first view"
    return f"attempt {wedge.attempt}: stop {where} for good{_go(wedge.elapsed)}"


def _wedged(wedged: Wedged) -> str:
    return (
        f"attempt {wedged.attempt}: holds {wedged.held}, approved {wedged.approved} "
        f"in view {wedged.view}{_go(wedged.elapsed)}"
    )


def _sync(sync: Sync) -> str:
    donor = f"; {sync.donor.node} has it" if sync.donor is not None else ""
    where = f" of view {sync.view}" if sync.view else ""
    return f"attempt {sync.attempt}: come to hold {sync.cut}{where}{donor}"


def _synced(synced: Synced) -> str:
    last = f", which s{synced.sender} sent" if synced.sender >= 0 else ""
    return f"attempt {synced.attempt}: holds {synced.fold.count}{last}"


def _install(install: Install) -> str:
    record = install.record
    phase = f", in {record.phase}" if record.phase is not Phase.SEND else ""
    return f"go on in {view(record)}{phase}{_go(install.elapsed)}"


def _installed(installed: Installed) -> str:
    given_up = ", and already stopped in it" if installed.wedged else ""
    return f"is in view {installed.view}{given_up}{_go(installed.elapsed)}"


def _kick(kick: Kick) -> str:
    return f"send first in view {kick.view}{_go(kick.elapsed)}"


def _kicked(kicked: Kicked) -> str:
    return f"was pushed in view {kicked.view}"


def _close(close: Close) -> str:
    record = close.record
    if record.closed:
        return f"the run is over: give your result, which ends at {record.cut}"
    return "the run is over, and closed by nobody: give what you have approved"


def _stored(stored: Stored) -> str:
    return "your result is kept; you may exit"


def _suspect(suspect: Suspect) -> str:
    return f"in view {suspect.view}: {suspect.suspect} {_TROUBLES[suspect.trouble]}"


def _status(status: Status) -> str:
    p99 = f", p99 {duration(status.p99)}" if status.p99 else ""
    return f"approved {status.approved} in view {status.view}{p99}{_go(status.elapsed)}"


def _frozen(frozen: Frozen) -> str:
    return f"GRACE is over: holds {frozen.held} in view {frozen.view}{_go(frozen.elapsed)}"


def _result(said: ResultSaid) -> str:
    result = said.result
    return f"counted {result.count} in view {result.view}, {'' if result.final else 'not '}final"


def _refused(refused: Refused) -> str:
    return f"obeys epoch {refused.epoch} of {refused.holder}"


def _leave(leave: Leave) -> str:
    return f"was told to end; a view after {leave.view} has to be without it"


def _hello(hello: Hello) -> str:
    return (
        f"connected anew in view {hello.view}: holds {hello.held}, "
        f"approved {hello.approved}, last had turn {hello.turn}"
    )


def _fetch(fetch: Fetch) -> str:
    asked = f"entries {fetch.first} to {fetch.last} of view {fetch.view}"
    if fetch.snapshot:
        asked = f"your approved fold, and what follows of {asked}"
    return f"attempt {fetch.attempt}: send {asked}"


def _fetched(fetched: Fetched) -> str:
    count = sum(batch[-1] for batch in fetched.batches)
    sent = span("entry", fetched.batches[0][0], count) if fetched.batches else "no entry"
    fold = "" if fetched.base is None else f"the fold of {fetched.base.count}, and "
    return f"attempt {fetched.attempt}: {fold}{sent} of view {fetched.view}"


def _heartbeat(heartbeat: Heartbeat) -> str:
    return "lives"


_WORDS: Final[dict[type, Callable[[Any], str]]] = {
    Meet: _meet,
    Met: _met,
    Wedge: _wedge,
    Wedged: _wedged,
    Sync: _sync,
    Synced: _synced,
    Install: _install,
    Installed: _installed,
    Kick: _kick,
    Kicked: _kicked,
    Close: _close,
    Stored: _stored,
    Suspect: _suspect,
    Status: _status,
    Frozen: _frozen,
    ResultSaid: _result,
    Refused: _refused,
    Leave: _leave,
    Hello: _hello,
    Fetch: _fetch,
    Fetched: _fetched,
    Heartbeat: _heartbeat,
}


def _frame(data: bytes) -> str:
    """What is in it and who sent that, whose turn, what its sender holds and has approved."""
    kind, wagons, view, turn, first, ack, approved = HEADER.unpack_from(data)
    parts = []
    for sender, k, length in WAGON.iter_unpack(
        data[HEADER.size : HEADER.size + wagons * WAGON.size]
    ):
        parts.append(f"{span('entry', first, length)} (s{sender}'s {span('draw', k, length)})")
        first += length
    if kind in {Kind.TURN, Kind.TRAIN} and not parts:
        parts.append("nothing new")
    # In a train it is no confirmation, but the turn at which anybody last added to it.
    holds = f"last loaded at turn {ack}" if kind == Kind.TRAIN else f"holds {ack}"
    carried = f"{', '.join(parts)}; " if parts else ""
    return f"view {view} turn {turn}: {carried}{holds}, approved {approved}"
