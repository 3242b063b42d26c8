"""How a master was started, and its process made of that: core, journal and stores put together.

Called by a supervisor's child, a pod, and the master by hand. They differ in their stores and in
who hears of what happens.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ringrun.core.master.master import Master
from ringrun.core.node import MasterId
from ringrun.core.outputs import Event, Live
from ringrun.core.record import Plan
from ringrun.record.store import AwaitedRecordStore, AwaitedReportStore
from ringrun.runtime.journal import Journal, clock_name, file_name
from ringrun.runtime.log import Log
from ringrun.runtime.master.process import FailedDial, MasterProcess
from ringrun.spec import RunSpec

LOOK_EVERY = 0.1
"""Seconds between two reads of the record, for a store that is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterSetting:
    """`journal` is the folder of the journals; `poll` the seconds between two reads of the
    record, `run_id` what no other run's journals say."""

    me: MasterId
    spec: RunSpec
    plan: Plan
    token: bytes
    journal: Path | None
    run_id: str | None = None
    poll: float = LOOK_EVERY


def master_process(
    setting: MasterSetting,
    *,
    record: AwaitedRecordStore,
    report: AwaitedReportStore,
    log: Log,
    show: Callable[[Event | Live], None],
    tried: Callable[[FailedDial], None] | None = None,
) -> MasterProcess:
    """The process, to be run once in the loop that runs now; OSError if its journal fails."""
    core = Master(
        me=setting.me,
        spec=setting.spec,
        plan=setting.plan,
        now=time.monotonic(),
        journal=setting.journal is not None,
        poll=setting.poll,
    )
    return MasterProcess(
        core,
        run=setting.plan.run,
        token=setting.token,
        record=record,
        report=report,
        log=log,
        show=show,
        journal=_journal(setting),
        tried=tried,
    )


def _journal(setting: MasterSetting) -> Journal | None:
    """This master's, begun (docs/journal.md); None without a folder. OSError if it fails."""
    if setting.journal is None:
        return None
    me, spec = setting.me, setting.spec
    meta = {
        "run": setting.plan.run,
        "node": str(me),
        "role": "master",
        "ordinal": me.number,
        "incarnation": me.incarnation,
        "nodes": spec.nodes,
        "seed": spec.seed,
        "model": str(spec.model),
        "send": spec.send,
        "grace": spec.grace,
        "clock": clock_name(),
    }
    if setting.run_id is not None:
        meta["id"] = setting.run_id
    return Journal(setting.journal / file_name(str(me)), meta)
