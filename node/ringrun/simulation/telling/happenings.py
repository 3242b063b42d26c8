"""What a node writes down or writes elsewhere, and what it is ordered, in words."""

from typing import Any, Final

from ringrun.core.node import SlaveId
from ringrun.core.notes import Note
from ringrun.core.orders import Orders
from ringrun.core.outputs import Outcome
from ringrun.core.record import Record
from ringrun.simulation.telling.nodes import members, ring, span, view

_APPROVALS: Final = ("all members hold it", "the cut", "the closing cut")


def note(given: tuple[Any, ...]) -> str:
    """A note of a slave's journal that a transcript has."""
    kind = Note(given[0])
    if kind is Note.ISSUED:
        _, view, first, _, k, count, _ = given
        return f"issues {span('entry', first, count)}, its {span('draw', k, count)}, in view {view}"
    if kind is Note.APPROVED:
        _, view, up_to, how = given
        return f"approves to {up_to} in view {view} ({_APPROVALS[how]})"
    document = given[1]
    if kind is Note.BASE:
        return f"begins with a donor's fold of {document['count']}"
    if kind is Note.PHASE:
        return f"is in {document['phase']}"
    if kind is Note.VIEW:
        nodes = [SlaveId(*member) for member in document["members"]]
        return f"is in view {document['number']} {ring(nodes)} after {document['cut']}"
    assert kind is Note.WEDGED, kind
    return (
        f"stops in view {document['view']} for good: holds {document['held']}, "
        f"approved {document['approved']} (attempt {document['attempt']})"
    )


def write(outcome: Outcome, version: int, value: Any) -> str:
    """What a write did at the store, and what the store has now."""
    is_record = isinstance(value, Record)
    if outcome is Outcome.SAVED:
        what = f"writes {'record' if is_record else 'report'} {version}"
    else:
        what = f"writes no {'record' if is_record else 'report'}, since {version} is there"
    return f"{what}: {_record(value)}" if is_record else what


def _record(value: Record) -> str:
    leader = f"epoch {value.epoch} of {value.holder or 'nobody'}"
    closed = {None: "", True: ", closed", False: ", not closed"}[value.closed]
    stop = "" if value.stop_reason is None else f", {value.stop_reason}"
    return f"{leader}, {value.phase}, {view(value)}{closed}{stop}"


def order(orders: Orders) -> str:
    """The orders of a supervisor; who has no address yet has a question mark."""
    roster = members(orders.roster)
    if not all(member.port for member in orders.roster):
        each = (f"{member.node}{'' if member.port else '?'}" for member in orders.roster)
        roster = f"[{' '.join(each)}]"
    dead = f" dead {ring(orders.dead)}" if orders.dead else ""
    stop = "" if orders.stop_reason is None else f" ({orders.stop_reason})"
    masters = " ".join(orders.masters)
    return f"orders {orders.phase}{stop}: roster {roster}{dead} masters [{masters}]"
