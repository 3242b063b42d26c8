"""A leadership made directly, for the tests of its stages: three slaves, all of them linked."""

from dataclasses import replace

import msgspec
from runs import spec_of

from ringrun.core.master.term import Candidate, Term
from ringrun.core.messages import Control, Synced, Wedged
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Send
from ringrun.core.phase import Phase
from ringrun.core.record import FoldValue, Member, Plan, Record
from ringrun.core.rules import ALL_RULES

A, B, C = SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1)
NOW = 64.0
PLAN = Plan(run="r", nodes=3, seed=0, model="lockstep", send=8.0, grace=2.0, result_wait=16.0)
ROSTER = tuple(
    Member(ordinal=node.ordinal, incarnation=node.incarnation, host="h", port=9)
    for node in (A, B, C)
)
START = Record(version=5, epoch=3, holder="m0-1")
SEND = START.evolve(
    view=1, members=ROSTER, starter=0, phase=Phase.SEND, incarnations=(A, B, C), plan=PLAN
)
GRACE = SEND.evolve(phase=Phase.GRACE, send_members=ROSTER)
STOP = GRACE.evolve(view=2, phase=Phase.STOP, closed=True)


def term_of(record: Record = SEND, *, stood_aside: bool = True, **orders: object) -> Term:
    """Epoch 3 of m0-1 with this record. The orders: SEND for the three, but for what is given."""
    ordered = Orders(phase=Phase.SEND, complete=True, roster=ROSTER, masters=("m0-1", "m1-1"))
    spec = replace(spec_of(), start_deadline=32.0)
    return Term(
        Candidate(
            me=MasterId(0, 1),
            spec=spec,
            plan=PLAN,
            rules=ALL_RULES,
            started=NOW,
        ),
        outputs=[],
        up={A, B, C},
        orders=msgspec.structs.replace(ordered, **orders),
        record=record,
        stood_aside=stood_aside,
        now=NOW,
    )


def ordered(term: Term, **orders: object) -> None:
    """The supervisor changes its mind."""
    term.orders = msgspec.structs.replace(term.orders, **orders)


def said(term: Term, kind: type[Control]) -> list[tuple[SlaveId, Control]]:
    """Commands of this kind since the last look, and to whom; all others are forgotten."""
    sends = [
        (each.to, each.message)
        for each in term.outputs
        if isinstance(each, Send)
        and isinstance(each.to, SlaveId)
        and isinstance(each.message, kind)
    ]
    term.outputs.clear()
    return sends


def told(term: Term, kind: type[Control]) -> list[SlaveId]:
    """The same without what was said."""
    return [node for node, _ in said(term, kind)]


def wedged(attempt: int, held: int = 0, view: int = 1) -> Wedged:
    """An answer to WEDGE."""
    return Wedged(epoch=3, attempt=attempt, view=view, held=held, approved=0, elapsed=1.0)


def synced(attempt: int, fold: FoldValue, view: int = 1) -> Synced:
    """An answer to SYNC."""
    return Synced(epoch=3, attempt=attempt, view=view, fold=fold, sender=-1)
