"""Whether a finished run kept its promises: the journals, the report, the end, the progress.

The journals are judged by `ringrun.verify`, which shares nothing with the core. What is looked at
here besides is what no journal shows: that every process ended, that nobody was refused for good
behaviour, that a leader that stood down was silent, that no run was given up that a master could
report on, that the report is whole, and that its verdict is what the results on disk say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from ringrun.core.messages import Result
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.supervisor.patience import AFTER_END
from ringrun.report import Verdict
from ringrun.simulation.case import RECOVERY
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.world.world import World
from ringrun.verify import Anomaly, Evidence, check

_START_WITHIN = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken promise, in words."""

    promise: str
    text: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.text}"


def judge(world: World) -> list[Finding]:
    """Everything that is wrong with a run that is over, or that ought to be."""
    findings = _journals(world)
    findings += [Finding(promise="G7", text=line) for line in world.breaches]
    left = [process.name for process in world.processes.values() if process.alive]
    if left:
        text = f"after {world.clock.now:.1f} s still running: {', '.join(left)}"
        findings.append(Finding(promise="G9", text=text))
    findings += [
        Finding(promise="end", text=f"{name} exited {code}: {reason}")
        for name, code, reason in world.exits
        if code and not _may_exit(world, name, code)
    ]
    if not left:
        findings += _report(world)
    findings += _needless(world)
    return findings


def _may_exit(world: World, name: str, code: int) -> bool:
    """A slave that no view ever had exits 1; a master's code is the verdict's."""
    process = next(each for each in world.processes.values() if each.name == name)
    return code == 1 and not (isinstance(process, SlaveProcess) and process.viewed)


def _journals(world: World) -> list[Finding]:
    journals = {process.name: b"".join(process.journal) for process in world.processes.values()}
    verification = check(
        journals,
        world.whole_report,
        same_clock=world.case.same_clock,
        evidence=Evidence(whole=True),
    )
    return [
        Finding(promise=str(found.promise), text=f"{found.text} [{found.anomaly}]")
        for found in verification.findings
        # Whoever was stopped or slow is late by its own clock, and cannot help it.
        if not (found.anomaly is Anomaly.LATE and found.node in world.disturbed)
    ]


def _report(world: World) -> list[Finding]:
    """The report against the record and the results on disk (Ending; G8, G10, G11)."""
    document = world.whole_report
    record: Record = world.record.value
    if document is None:
        return [Finding(promise="end", text="there is no complete report")]
    found = []
    said = {SlaveId(slave["ordinal"], slave["incarnation"]): slave for slave in document["slaves"]}
    nodes = _ends(world)
    for node in nodes:
        result = world.results.get(node)
        slave = said.get(node)
        if result is not None and slave is None and _must_be_said(world, node):
            found.append(Finding(promise="G10", text=f"the result of {node} is not in the report"))
        elif slave is not None and (result is None or not _same(slave, result)):
            found.append(Finding(promise="G11", text=f"{node} never gave the result in the report"))
    known = {
        node: result
        for node, result in world.results.items()
        if node not in world.unreadable or node in said
    }
    agreed = _agreed(record, nodes, known)
    withheld = agreed and not _stop(world) and not world.record.lost
    verdict = Verdict(document["verdict"])
    case = world.case
    excused = _stop(world) is not None or world.bereft
    if case.wants_progress and verdict is not Verdict.AGREED and not excused:
        found.append(Finding(promise="G8", text=f"no fault for long, and the verdict is {verdict}"))
    stopped = _word(record)
    patience = case.spec.start_deadline - case.quiet_from
    if stopped is Why.START_DEADLINE and patience > _START_WITHIN and not world.bereft:
        found.append(Finding(promise="G9", text=f"{record.stop_reason}, long after the faults"))
    if verdict is Verdict.AGREED and not agreed:
        found.append(Finding(promise="G11", text="the verdict is Agreed, the results say no"))
    if verdict is Verdict.PARTIAL and withheld:
        found.append(Finding(promise="G11", text="the verdict is Partial, but all agree"))
    if verdict is Verdict.FAILED and withheld:
        found.append(Finding(promise="G11", text="the verdict is Failed, but all agree"))
    return found


def _needless(world: World) -> list[Finding]:
    """A run that was given up although a master could have reported on it (G9)."""
    ledger = world.objects.ledger
    if ledger.reported is None:
        return []
    found = []
    masters = _living(world, ledger.reported_at, MasterId)
    for node in masters:
        could = ledger.reported_at - max(world.begun[node], world.case.quiet_from)
        if could > RECOVERY and not world.record.lost:
            text = f"{ledger.reported}, and {node} could have reported for {could:.1f} s"
            found.append(Finding(promise="G9", text=text))
    stop = _stop(world)
    true = {
        Why.RECORD_LOST: world.record.lost,
        Why.NO_MASTER: not masters,
        Why.NO_SLAVE: not _living(world, ledger.reported_at, SlaveId),
        Why.OVERDUE: ledger.reported_at > AFTER_END,
    }
    word = ledger.reported.word
    if not true.get(word, False) and (stop is None or stop.word is not word):
        text = f"the supervisor reports {ledger.reported}, and that is not so"
        found.append(Finding(promise="G11", text=text))
    return found


def _living(world: World, time: float, kind: type[SlaveId | MasterId]) -> list[NodeId]:
    """Who of these ran until that time, at least."""
    begun, gone = world.begun, world.gone
    return [
        node
        for node in begun
        if isinstance(node, kind) and begun[node] <= time < gone.get(node, inf)
    ]


def _ends(world: World) -> list[SlaveId]:
    """sendMembers; the last view's where no leader was left to record the end of SEND."""
    record: Record = world.record.value
    alone = world.objects.ledger.reported is not None
    members = record.send_members or (record.members if alone else ())
    return [member.node for member in members]


def _stop(world: World) -> Reason | None:
    """Why the run was to end early; what nobody recorded, the supervisor that reports knows."""
    record: Record = world.record.value
    objects = world.objects
    if record.stop_reason is None and objects.ledger.reported is not None:
        return objects.orders.stop_reason
    return record.stop_reason


def _must_be_said(world: World, node: SlaveId) -> bool:
    """Whether a result on disk has to be in the report (G10)."""
    objects = world.objects
    if node in world.drafted or any(each.node == node for each in objects.orders.results):
        return True
    if node in world.unreadable:
        return False
    ledger = objects.ledger
    if ledger.reported is None or (_stop(world) is None and not world.record.lost):
        return True
    # Slaves that live when a run is stopped or has lost its record may finish later.
    readable = world.kept_at if world.case.reads_disk else world.gone
    return readable.get(node, inf) < ledger.reported_at - world.case.store_delay


def _word(record: Record) -> Why | None:
    return None if record.stop_reason is None else record.stop_reason.word


def _same(slave: dict[str, Any], result: Result) -> bool:
    return (slave["count"], slave["sumExact"], slave["digest"], slave["final"]) == (
        result.count,
        result.sum_exact,
        result.digest,
        result.final,
    )


def _agreed(record: Record, nodes: list[SlaveId], known: Mapping[SlaveId, Result]) -> bool:
    """Every one of sendMembers has a result, all equal, and equal to what the record closes."""
    results = [known[node] for node in nodes if node in known]
    if not nodes or len(results) < len(nodes) or _word(record) is Why.SLAVE_FAILED:
        return False
    values = {(result.count, result.sum_exact, result.digest) for result in results}
    if len(values) > 1:
        return False
    if any(result.count > max(values)[0] for result in known.values()):
        return False
    fold = record.fold
    if record.closed:
        return values == {(fold.count, fold.sum_exact, fold.digest)}
    return all(result.view == record.view and result.count >= record.cut for result in results)
