"""A master in a pod: the Lease and the ConfigMaps of its run, and the process.

Called by `pod`. Orders and the record come by a watch each, on connections of their own, so that
none delays a renewal.
"""

import asyncio
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Protocol

import msgspec

from ringrun.core.node import MasterId
from ringrun.core.orders import ORDERS_KEY, Orders
from ringrun.core.outputs import Event, Live
from ringrun.record.api import Api
from ringrun.record.lease import ConfigMapReportStore, LeaseRecordStore, Objects
from ringrun.record.owned import want_own
from ringrun.record.store import StoreError
from ringrun.runtime.log import LEVELS, Log
from ringrun.runtime.master.process import STORE_TIMEOUT
from ringrun.runtime.master.setting import MasterSetting, master_process
from ringrun.runtime.planning import plan_of
from ringrun.runtime.start.pod_environment import journal, style, token
from ringrun.spec import RunSpec

POLL: Final = 1.0
"""Seconds between two reads of the record, beside the watch: a watch may be silent unnoticed."""

RETRY: Final = 0.25
"""Seconds before a watch that broke is begun again."""


def run_pod_master(me: MasterId) -> int:
    """Be this master; the exit code."""
    _take_over(Log(str(me), style=style()))
    return asyncio.run(_serve(me))


async def _serve(me: MasterId) -> int:
    # A request that takes longer than a master waits for it is given up by the client too.
    async with Api.in_cluster(STORE_TIMEOUT) as api:
        return await serve_by(api, me)


class Watched(Objects, Protocol):
    """What a master's pod needs of `ringrun.record.api.Api`."""

    def watch(self, path: str, name: str) -> AsyncIterator[dict[str, Any]]:
        """The object of this name in the collection at this path: now, and after every change."""
        ...


async def serve_by(api: Watched, me: MasterId) -> int:
    """Be this master, by the objects that are reached so; the exit code."""
    run = os.environ["RINGRUN_RUN"]
    spec = RunSpec.from_document(json.loads(os.environ["RINGRUN_SPEC"]), name=run)
    maps = f"/api/v1/namespaces/{os.environ['RINGRUN_NAMESPACE']}/configmaps"
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{os.environ['RINGRUN_NAMESPACE']}/leases"
    lease, orders = os.environ["RINGRUN_LEASE"], os.environ["RINGRUN_ORDERS"]
    # An operator of before says nothing of it.
    run_uid = os.environ.get("RINGRUN_RUN_UID", "")
    log = Log(str(me), style=style())
    record = LeaseRecordStore(api, f"{leases}/{lease}", os.environ["RINGRUN_LEASE_UID"])
    process = master_process(
        MasterSetting(
            me=me,
            spec=spec,
            plan=plan_of(spec, run),
            token=token(),
            journal=journal(str(me)),
            poll=POLL,
        ),
        record=record,
        report=ConfigMapReportStore(api, f"{maps}/{os.environ['RINGRUN_RESULT']}", run_uid),
        log=log,
        show=lambda output: _show(log, output),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, process.terminate)
    running = asyncio.ensure_future(process.run())
    # The process has begun when the first orders reach it.
    await asyncio.sleep(0)

    def orders_seen(config_map: dict[str, Any]) -> None:
        try:
            want_own(config_map, run_uid)
        except StoreError as error:
            log.complain(f"watching {orders}: {error}")
            return
        # What cannot be read is as good as not there: the last that could be stays.
        try:
            read = msgspec.json.decode(config_map["data"][ORDERS_KEY], type=Orders)
        except (KeyError, msgspec.DecodeError):
            return
        process.orders(read)

    def lease_seen(found: dict[str, Any]) -> None:
        process.record_changed(record.saw(found))

    watches = [
        asyncio.ensure_future(_follow(log, name, api.watch, path, seen))
        for path, name, seen in ((maps, orders, orders_seen), (leases, lease, lease_seen))
    ]
    # A watch ends by a fault of ours alone, and then the master has to end too.
    await asyncio.wait((running, *watches), return_when=asyncio.FIRST_COMPLETED)
    for watch in watches:
        if watch.done():
            watch.result()
        watch.cancel()
    return await running


async def _follow(
    log: Log,
    name: str,
    watch: Callable[[str, str], AsyncIterator[dict[str, Any]]],
    path: str,
    seen: Callable[[dict[str, Any]], None],
) -> None:
    """Call `seen` with the object now and after every change, until cancelled."""
    told = ""
    while True:
        try:
            async for found in watch(path, name):
                told = ""
                seen(found)
        except StoreError as error:
            if str(error) != told:
                told = str(error)
                log.complain(f"watching {name}: {told}")
            await asyncio.sleep(RETRY)


def _show(log: Log, output: Event | Live) -> None:
    """Events go to the log; the figures of the moment are in the record already."""
    if isinstance(output, Event):
        log.say(f"{output.kind}: {output.text}", event=str(output.kind))


def _take_over(log: Log) -> None:
    """What libraries log goes the way of our own lines."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            level = record.levelname.lower()
            words = " ".join(record.getMessage().split())
            if record.exc_info and record.exc_info[1] is not None:
                words += f": {record.exc_info[1]!r}"
            log.say(f"{record.name}: {words}", level if level in LEVELS else "error")

    root = logging.getLogger()
    root.handlers[:] = [Handler()]
    root.setLevel(logging.WARNING)
