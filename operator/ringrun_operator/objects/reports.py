"""The report in a run's result ConfigMap, whole or in the making, as the operator reads it.

The leader writes it; the operator does only where no master is left (`decide.plan`).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ringrun.core.node import SlaveId
from ringrun.record.lease import REPORT_KEY
from ringrun.report import FailureReport, Report, ReportError
from ringrun_operator.objects.owner import Object


def read_report(config_map: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The report's document in a result ConfigMap; None while there is none."""
    text = ((config_map or {}).get("data") or {}).get(REPORT_KEY)
    if not isinstance(text, str):
        return None
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    return document if isinstance(document, dict) else None


def with_report(config_map: Mapping[str, Any], document: Mapping[str, Any]) -> Object:
    """The same ConfigMap with this report; it keeps the resourceVersion that it replaces."""
    data = {**(config_map.get("data") or {}), REPORT_KEY: msgspec.json.encode(document).decode()}
    return {**config_map, "data": data}


def complete(document: Mapping[str, Any] | None) -> Report | None:
    """The report, if it is one and complete."""
    if document is None or not document.get("complete"):
        return None
    try:
        return Report.from_document(document)
    except ReportError:
        return None


def history(
    report: Report | None, draft: Mapping[str, Any] | None
) -> tuple[tuple[FailureReport, ...], float | None, set[SlaveId]]:
    """Failures, start skew, and the nodes that delivered, of the report or its draft."""
    if report is not None:
        nodes = {SlaveId(slave.ordinal, slave.incarnation) for slave in report.slaves}
        return report.failures, report.start_skew, nodes
    if draft is None:
        return (), None, set()
    try:
        read = msgspec.convert(draft, _Draft)
    except msgspec.ValidationError:
        return (), None, set()
    return read.failures, read.start_skew, {SlaveId(r.ordinal, r.incarnation) for r in read.results}


class _Delivered(msgspec.Struct, frozen=True):
    ordinal: int
    incarnation: int


class _Draft(msgspec.Struct, frozen=True):
    """What is shown of a report before it is complete (`core.outcome.collecting` has all of it)."""

    failures: tuple[FailureReport, ...] = ()
    start_skew: float | None = None
    results: tuple[_Delivered, ...] = ()
