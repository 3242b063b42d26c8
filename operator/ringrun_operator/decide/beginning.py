"""`begin`: a run is taken up. What is kept of it comes first, then the names, then the rights.

Called by `reconcile` until everything is there that pods need. The orders are written before all
else: the start clock begins with them, by the clock of the API server, and what the operator was
told of pods is kept from then on. The Lease and the result have names that users type, so somebody
else may have them: before both are this run's, no right is given and no pod is made.
"""

from dataclasses import replace
from typing import Final

import msgspec

from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.supervisor import patience
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.core.supervisor.patience import Times
from ringrun_operator.decide.actions import Action, Create, Replace
from ringrun_operator.decide.plan import RESYNC, Plan, unreported
from ringrun_operator.objects import reports, resources
from ringrun_operator.objects.known import Known
from ringrun_operator.objects.network_policies import network_policies
from ringrun_operator.objects.owner import Object
from ringrun_operator.objects.resources import Ledger
from ringrun_operator.show.events import events
from ringrun_operator.show.obstacles import find_obstacle
from ringrun_operator.show.shown import Shown
from ringrun_operator.show.status import status

STEP: Final = 1.0
"""Seconds until the next step, should the watches not call for it long before."""


def begin(known: Known) -> Plan:
    """The next step towards pods; or the end, if that takes too long, or the user wants it."""
    suspended = known.is_suspended(known.orders)
    started = None if suspended else (known.ledger.started or known.now)
    ledger = msgspec.structs.replace(known.ledger, started=started)
    times = Times(started=known.now if started is None else started)
    if reason := _why_not(known, times, suspended=suspended):
        return _give_up(known, ledger, reason)
    shown = Shown.of(known, known.orders, ledger)
    limit = min(known.now + RESYNC, patience.next_limit(known.spec, times, known.now))
    return Plan(
        actions=_next(known, ledger),
        status=status(shown),
        events=tuple(events(shown)),
        # There is a next step, even if no watch should tell of this one.
        again=limit if known.world.taken or known.world.refused else min(limit, known.now + STEP),
    )


def _why_not(known: Known, times: Times, *, suspended: bool) -> Reason | None:
    if known.spec.abort:
        return Reason(Why.ABORTED)
    if suspended or not patience.is_late(known.spec, times, known.now):
        return None
    obstacle = find_obstacle(known, suspended=suspended)
    return Reason(Why.START_DEADLINE, obstacle.fact if obstacle is not None else "")


def _next(known: Known, ledger: Ledger) -> tuple[Action, ...]:
    owner, world = known.owner, known.world
    if known.kept is None or known.ledger != ledger:
        return (_keep(known, ledger),)
    missing: list[Object] = []
    if world.lease is None:
        missing.append(resources.lease(owner))
    if world.result is None:
        missing.append(resources.result_map(owner))
    if missing or world.lease is None:
        return tuple(Create(object=each) for each in missing)
    # A mark that is kept only after all that bears it was made: what is there is surely ours.
    owner = replace(owner, mark=world.mark)
    made = [resources.secret(owner, world.token), *resources.access(owner)]
    if ports := known.settings.network_ports:
        made += network_policies(owner, ports)
    record_uid = world.lease["metadata"]["uid"]
    ready = msgspec.structs.replace(ledger, mark=world.mark, record_uid=record_uid)
    return (*(Create(object=each) for each in made), _keep(known, ready))


def _keep(known: Known, ledger: Ledger) -> Action:
    old = known.world.orders
    version = None if old is None else old["metadata"]["resourceVersion"]
    kept = resources.orders_map(
        known.owner, known.spec, known.orders, ledger, known.settings, version
    )
    return Create(object=kept) if old is None else Replace(object=kept)


def _give_up(known: Known, ledger: Ledger, reason: Reason) -> Plan:
    """It is Failed. Where the report's name is not to be had, the status alone says so."""
    document = orphaned_report(known.spec, Record(), known.orders, None, (), reason)
    result = known.world.result
    actions: tuple[Action, ...] = ()
    if result is not None:
        actions = (Replace(object=reports.with_report(result, document)),)
    return replace(unreported(known, known.orders, ledger, document), actions=actions)
