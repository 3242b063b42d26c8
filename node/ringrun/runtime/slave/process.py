"""A slave's process: listener, signals, journal, result and core put together around the loop.

Called by `node` (a supervisor's child) and `byhand`. What differs between the two is in
`SlaveSetting`: by hand there is no name before a master gives one, and no supervisor to outlive.
"""

import gc
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import msgspec

from ringrun.core.messages import Result
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.phase import Phase
from ringrun.core.slave.slave import Slave
from ringrun.report import shown_sum
from ringrun.runtime.channel import Channel
from ringrun.runtime.journal import Journal, clock_name, file_name
from ringrun.runtime.links.connections import Connections
from ringrun.runtime.log import Log
from ringrun.runtime.slave.loop import SlaveLoop
from ringrun.runtime.slave.results import cpu_seconds, write_result, write_termination_message


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaveSetting:
    """How this slave was started. `node` and `run` are None by hand, `title` begins its line.
    `termination` is where a pod leaves its result for the kubelet."""

    node: SlaveId | None
    run: str | None
    token: bytes
    title: str
    start_deadline: float = inf
    journal: Path | None = None
    results: Path | None = None
    termination: Path | None = None
    debug: bool = False
    meta: dict[str, Any] | None = None


def run_slave(
    setting: SlaveSetting,
    listener: socket.socket,
    channel: Channel | None = None,
    named: Callable[[SlaveId], None] | None = None,
) -> int:
    """Serve one run, from the listening socket to the exit code."""
    poll = select.epoll()
    log = Log(str(setting.node or setting.title), debug=setting.debug)
    loop = SlaveLoop(poll=poll, log=log, keep=_keeper(setting))

    def begin(run: str, node: SlaveId, now: float) -> None:
        log.node = str(node)
        journal = setting.journal
        if journal is not None:
            loop.journal = Journal(
                journal / file_name(str(node)), _meta(setting.meta or {}, run, node)
            )
        loop.begin(
            Slave(
                node=node,
                now=now,
                journal=journal is not None,
                start_deadline=setting.start_deadline,
            )
        )
        # What is there now stays: the collector need not look at it again, only at what is new.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        if named is not None:
            named(node)

    loop.connections = Connections(
        poll=poll,
        listener=listener,
        node=setting.node,
        run=setting.run,
        token=setting.token,
        log=log,
        claimable=lambda: setting.node is None and _unused(loop),
        named=begin,
        up=loop.up,
        down=loop.down,
    )
    if setting.node is not None:
        begin(setting.run or "", setting.node, time.monotonic())
    wakers = _watch_signals(loop)
    if channel is not None:
        loop.watch(channel.descriptor, lambda: channel.lines(lambda line: None))
    code = loop.run()
    signal.set_wakeup_fd(-1)
    for waker in wakers:
        waker.close()
    if loop.journal is not None:
        loop.journal.close()
    return code


def _unused(loop: SlaveLoop) -> bool:
    """Whether a slave by hand may be given to another master: its run never began, and left it."""
    core = loop.core
    masters = any(isinstance(peer, MasterId) for peer in loop.connections.by_peer)
    return core is None or (core.phase is Phase.START and not masters)


def _keeper(setting: SlaveSetting) -> Callable[[Result], Result]:
    def keep(result: Result) -> Result:
        """On disk, then on stdout; both before anyone is told."""
        kept = msgspec.structs.replace(result, cpu_seconds=cpu_seconds())
        if setting.results is not None:
            write_result(setting.results, kept)
        if setting.termination is not None:
            write_termination_message(setting.termination, kept)
        line = f"count {kept.count} sum {shown_sum(kept.sum_exact)} digest {kept.digest}"
        sys.stdout.write(f"{setting.title}: {line}\n")
        sys.stdout.flush()
        return kept

    return keep


def _meta(known: dict[str, Any], run: str, node: SlaveId) -> dict[str, Any]:
    return {
        "run": run,
        "node": str(node),
        "role": "slave",
        "ordinal": node.ordinal,
        "incarnation": node.incarnation,
        **known,
        "clock": clock_name(),
    }


def _watch_signals(loop: SlaveLoop) -> tuple[socket.socket, socket.socket]:
    """SIGTERM asks the core to leave; a signal wakes the poll by a byte, not by an exception."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)

    def woken() -> None:
        try:
            while reader.recv(64):
                pass
        except BlockingIOError:
            pass

    def leave(number: int, frame: object) -> None:
        del number, frame
        loop.leaving = True

    signal.signal(signal.SIGTERM, leave)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    loop.watch(reader.fileno(), woken)
    return reader, writer
