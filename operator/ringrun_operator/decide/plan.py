"""`Plan`: what is to be done about a run, and what is shown of it, from what was decided.

The third of the three values of a look, and the one that the controller carries out. Objects are
built here; nothing is decided any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final

import msgspec

from ringrun.core.orders import Orders
from ringrun.core.reason import Reason
from ringrun.core.record import Record
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.record.lease_object import freed
from ringrun_operator.decide.actions import (
    Action,
    Create,
    CreatePod,
    DeletePod,
    DeleteRun,
    Replace,
)
from ringrun_operator.decide.decided import Decided
from ringrun_operator.names import result_name
from ringrun_operator.objects import reports, resources
from ringrun_operator.objects.known import Known
from ringrun_operator.objects.pods import pod
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.show.events import Event, events
from ringrun_operator.show.shown import Shown
from ringrun_operator.show.status import status
from ringrun_operator.times import utc

RESYNC: Final = 60.0
"""Seconds after which a run is looked at again, whatever there is to be done about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What follows from one look at a run. `again` is when time alone will call for another, in
    seconds since 1970; `status` is None where there is nothing to say; `finished` is when the run
    was over."""

    actions: tuple[Action, ...] = ()
    status: dict[str, Any] | None = None
    events: tuple[Event, ...] = ()
    again: float = inf
    finished: float | None = None


def plan(known: Known, decided: Decided) -> Plan:
    """What is to be done, in order, and what is shown meanwhile."""
    if known.report is not None:
        actions = _after_the_end(known, decided)
    elif decided.given_up is None:
        actions = _go_on(known, decided)
    else:
        report = _report(known, decided, decided.given_up)
        if _has_no_place(known):
            return unreported(known, decided.orders, decided.ledger, report)
        actions = _store(known, report)
    shown = Shown.of(known, decided.orders, decided.ledger)
    return Plan(
        actions=(*_keep(known, decided), *actions),
        status=status(shown),
        events=tuple(events(shown)),
        again=min(decided.again, shown.overdue, known.now + RESYNC, known.next_look),
        finished=decided.ledger.finished,
    )


def _keep(known: Known, decided: Decided) -> tuple[Action, ...]:
    """The orders and the ledger, if they are not what is kept."""
    wanted = (decided.orders, decided.ledger), decided.settings
    if wanted == (known.kept, known.kept_settings):
        return ()
    old = known.world.orders
    version = None if old is None else old["metadata"]["resourceVersion"]
    kept = resources.orders_map(
        known.owner, known.spec, decided.orders, decided.ledger, decided.settings, version
    )
    return (Create(object=kept) if old is None else Replace(object=kept),)


def _go_on(known: Known, decided: Decided) -> tuple[Action, ...]:
    record_uid = decided.ledger.record_uid
    made = (
        pod(known.owner, known.spec, each, decided.settings, record_uid) for each in decided.create
    )
    return (
        *(CreatePod(object=each) for each in made),
        *_delete(decided),
        *_free(known, decided),
        # The last, for its name may be another's by now.
        *(_result_map(known) if known.world.result is None else ()),
    )


def unreported(known: Known, orders: Orders, ledger: Ledger, report: Mapping[str, Any]) -> Plan:
    """The end of a run with this report, which is stored nowhere: the status alone tells it."""
    ledger = msgspec.structs.replace(ledger, finished=known.now)
    over = replace(known, report=reports.complete(report), ledger=ledger)
    shown = Shown.of(over, orders, ledger)
    return Plan(
        status=status(shown),
        events=tuple(events(shown)),
        again=known.now + RESYNC,
        finished=known.now,
    )


def _report(known: Known, decided: Decided, reason: Reason) -> dict[str, Any]:
    """The report, since no master will write it."""
    # What pods that have ended left behind is in the orders by now.
    record, draft = known.record or Record(), known.draft
    return orphaned_report(known.spec, record, decided.orders, draft, (), reason)


def _has_no_place(known: Known) -> bool:
    """Whether somebody else has the name of the report."""
    name = f"ConfigMap {result_name(known.owner.name)}"
    return known.world.result is None and name in known.world.taken


def _store(known: Known, report: Mapping[str, Any]) -> tuple[Action, ...]:
    """Everything else waits until it is stored."""
    result = known.world.result
    if result is None:
        return _result_map(known)
    return (Replace(object=reports.with_report(result, report)),)


def _after_the_end(known: Known, decided: Decided) -> tuple[Action, ...]:
    owner = known.owner
    gone = (DeleteRun(name=owner.name, uid=owner.uid),) if decided.expired else ()
    return (*_delete(decided), *gone)


def _delete(decided: Decided) -> tuple[Action, ...]:
    return tuple(DeletePod(name=each.name, uid=each.uid) for each in decided.delete)


def _result_map(known: Known) -> tuple[Action, ...]:
    return (Create(object=resources.result_map(known.owner)),)


def _free(known: Known, decided: Decided) -> tuple[Action, ...]:
    lease = known.world.lease
    if lease is None or decided.freed is None:
        return ()
    document = freed(lease, decided.freed, utc(known.now))
    return () if document is None else (Replace(object=document),)
