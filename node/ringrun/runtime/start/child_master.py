"""A master under a supervisor: its channel, the stores in the run's folder, and the process.

Called by `child`. Orders come by the channel; events and live figures go back by it.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any

import msgspec

from ringrun.core.node import MasterId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Event, Live
from ringrun.record.file import FileRecordStore, FileReportStore
from ringrun.runtime.channel import Channel
from ringrun.runtime.log import Log
from ringrun.runtime.master.setting import MasterSetting, master_process
from ringrun.runtime.master.threaded import ThreadedRecordStore, ThreadedReportStore
from ringrun.runtime.planning import plan_of
from ringrun.spec import RunSpec


class _Heard(msgspec.Struct):
    """One line of the supervisor."""

    orders: Orders | None = None


def run_child_master(me: MasterId, channel: Channel) -> int:
    """Be this master; the exit code."""
    setup = channel.first()["setup"]
    return asyncio.run(_serve(me, channel, setup))


async def _serve(me: MasterId, channel: Channel, setup: dict[str, Any]) -> int:
    run = setup["run"]
    spec = RunSpec.from_document(setup["spec"], name=run)
    folder = Path(setup["runDir"])
    log = Log(str(me), debug=bool(setup.get("debug")))
    record = ThreadedRecordStore(FileRecordStore(folder / "record"))
    report = ThreadedReportStore(FileReportStore(folder / "report"))
    stopped = False

    def show(output: Event | Live) -> None:
        kind = "event" if isinstance(output, Event) else "live"
        channel.say({kind: msgspec.to_builtins(output)})

    setting = MasterSetting(
        me=me,
        spec=spec,
        plan=plan_of(spec, run),
        token=bytes.fromhex(setup["token"]),
        journal=Path(setup["journal"]) if setup.get("journal") else None,
        run_id=setup.get("id"),
    )
    process = master_process(setting, record=record, report=report, log=log, show=show)

    def heard(line: bytes) -> None:
        said = msgspec.json.decode(line, type=_Heard)
        if said.orders is not None:
            process.orders(said.orders)

    def terminate() -> None:
        nonlocal stopped
        stopped = True
        process.terminate()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, terminate)
    running = asyncio.ensure_future(process.run())
    # The process has begun when the first orders reach it.
    await asyncio.sleep(0)
    channel.lines_waiting(heard)
    loop.add_reader(channel.descriptor, channel.lines, heard)
    code = await running
    record.close()
    report.close()
    loop.remove_reader(channel.descriptor)
    if code == 0 and not stopped:
        channel.say({"done": True})
    return code
