"""Nothing is approved before every member of the view holds it (G4).

For an approval by confirmations in a view, each member must have taken the index in that view, or
have come into it holding the index already. Where two nodes have the same clock, it must have done
so before. What a member fetched while it was wedged does not count: it confirms no more then.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.promises.views import Views
from ringrun.verify.reading.columns import Integers, Times
from ringrun.verify.rebuilding.history import NODE, History

_NONE: Integers = np.empty(0, dtype=np.int64)
_NEVER: Times = np.empty(0, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holding:
    """How far a member held in one view: after its j-th batch at `time[j]`, up to `up_to[j]`."""

    up_to: Integers
    time: Times


def check_confirmations(
    histories: dict[NODE, History],
    views: Views,
    findings: Findings,
    *,
    same_clock: bool,
    clock_slack: float,
) -> None:
    """G4 for every approval by confirmations of every slave."""
    holdings: dict[tuple[NODE, int], _Holding] = {}
    for node, history in histories.items():
        approvals = history.journal.approvals
        confirmed = approvals.how == 0
        if not confirmed.any():
            continue
        if confirmed.all():
            view_of, up_to, time = approvals.view, approvals.up_to, approvals.time
        else:
            view_of, up_to, time = (
                approvals.view[confirmed],
                approvals.up_to[confirmed],
                approvals.time[confirmed],
            )
        for number, begin, end in _stretches(view_of):
            view = views.known.get(number)
            if view is None:
                continue  # Approving in a view that is nowhere recorded is found elsewhere.
            for member in view.members:
                other = histories.get(member)
                if other is None:
                    continue  # A gap of the evidence, and told as one.
                holding = holdings.get((member, number))
                if holding is None:
                    holding = holdings[member, number] = _held_in(other, number)
                comparable = (
                    same_clock
                    and member != node
                    and history.journal.clock != ""
                    and history.journal.clock == other.journal.clock
                )
                _check(
                    history,
                    other,
                    holding,
                    number,
                    view.cut,
                    up_to[begin:end],
                    time[begin:end] + clock_slack if comparable else None,
                    findings,
                )


def _stretches(views: Integers) -> list[tuple[int, int, int]]:
    """(view, begin, end) of each stretch of approvals in one view."""
    bounds = [0, *(np.flatnonzero(views[1:] != views[:-1]) + 1).tolist(), len(views)]
    return [(int(views[begin]), begin, end) for begin, end in pairwise(bounds)]


def _held_in(history: History, view: int) -> _Holding:
    parts = history.holdings.get(view, [])
    if len(parts) == 1:
        return _Holding(up_to=parts[0][0], time=parts[0][1])
    return _Holding(
        up_to=np.concatenate([_NONE, *(up_to for up_to, _ in parts)]),
        time=np.concatenate([_NEVER, *(time for _, time in parts)]),
    )


def _check(
    history: History,
    other: History,
    holding: _Holding,
    view: int,
    cut: int,
    up_to: Integers,
    latest: Times | None,
    findings: Findings,
) -> None:
    """`latest`: until when the other must have held each of these; None if clocks differ."""
    who, whom = called(history.name), called(other.name)
    held = int(holding.up_to[-1]) if len(holding.up_to) else 0
    held = max(held, cut)
    if int(up_to.max()) > held:
        findings.add(
            Promise.CONFIRMED,
            Anomaly.UNCONFIRMED,
            history.name,
            f"{who} approved index {held + 1:,} in view {view}, {whom} held no more than {held:,} "
            f"in it",
            index=held + 1,
            seen=int(up_to.max()),
            other=held,
            rests_on=(other.name,),
        )
        return
    if latest is None or not len(holding.up_to):
        return
    # What lies within the cut was held before the view.
    at = np.minimum(holding.up_to.searchsorted(up_to), len(holding.up_to) - 1)
    late = (holding.time[at] > latest) & (up_to > cut)
    if late.any():
        number = int(late.argmax())
        findings.add(
            Promise.CONFIRMED,
            Anomaly.UNCONFIRMED,
            history.name,
            f"{who} approved index {int(up_to[number]):,} in view {view} before {whom} held it",
            index=int(up_to[number]),
            seen=float(latest[number]),
            other=float(holding.time[at[number]]),
        )
