"""A slave's process: listener, signals, journal, result and core put together around the loop.

Called by a supervisor's child, a pod, and by hand. What differs between them is in
`SlaveSetting`: by hand there is no name before a master gives one, and no supervisor to outlive.
"""

import contextlib
import gc
import select
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import msgspec

from ringrun.core.messages import Result
from ringrun.core.slave.slave import Slave
from ringrun.exit_codes import ExitCode
from ringrun.report import shown_sum
from ringrun.runtime.channel import Channel
from ringrun.runtime.journal import Journal, clock_name, file_name
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.connections import Connections
from ringrun.runtime.log import TEXT, Log, Style
from ringrun.runtime.slave.loop import SlaveLoop
from ringrun.runtime.slave.naming import NEVER_BEGUN, first_name
from ringrun.runtime.slave.outlet import Outlet
from ringrun.runtime.slave.results import cpu_seconds, write_result, write_termination_message
from ringrun.runtime.slave.waking import Waking


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaveSetting:
    """How this slave was started. `name` is None by hand, `title` begins its line. `termination` is
    where a pod leaves its result for the kubelet, `known` what a journal says of the run's spec."""

    name: Name | None
    token: bytes
    title: str
    start_deadline: float = inf
    journal: Path | None = None
    results: Path | None = None
    termination: Path | None = None
    debug: bool = False
    style: Style = TEXT
    known: Mapping[str, Any] = field(default_factory=dict)


def known_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What a journal says of a spec, given as its document: a slave reads no YAML."""
    return {
        "nodes": spec["nodes"],
        "seed": spec["seed"],
        "model": spec["model"],
        "send": spec["periods"]["sendMilliseconds"] / 1000,
        "grace": spec["periods"]["graceMilliseconds"] / 1000,
    }


def run_slave(
    setting: SlaveSetting, listener: socket.socket, channel: Channel | None = None
) -> int:
    """Serve one run, from the listening socket to the exit code."""
    poll = select.epoll()
    me = str(setting.name.node) if setting.name else setting.title
    log = Log(me, debug=setting.debug, style=setting.style)
    connections = Connections(
        poll=poll, listener=listener, name=setting.name, token=setting.token, log=log
    )
    waking = Waking(poll, channel)
    ended: int | Name = setting.name or first_name(connections, waking) or ExitCode.INTERRUPTED
    named = isinstance(ended, Name)
    while isinstance(ended, Name):
        # By hand there may be another name, as long as no run has begun.
        ended = _serve(setting, ended, connections, waking, log)
    waking.close()
    if setting.name is None and ended:
        # Whoever started it by hand looks for its line.
        _print(setting, "no result" if named else NEVER_BEGUN)
    return ended


def _serve(
    setting: SlaveSetting, name: Name, connections: Connections, waking: Waking, log: Log
) -> int | Name:
    """Be this slave until the exit code, or another name."""
    log.node = str(name.node)
    journal = _journal(setting, name)
    core = Slave(
        node=name.node,
        now=time.monotonic(),
        journal=journal is not None,
        start_deadline=setting.start_deadline,
    )
    outlet = Outlet(core, connections, journal=journal, log=log, keep=keeper(setting))
    loop = SlaveLoop(core=core, connections=connections, outlet=outlet, waking=waking)
    # What is there now stays: the collector need not look at it again, only at what is new.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    ended = loop.run()
    if journal is not None:
        journal.end(ended if isinstance(ended, int) else ExitCode.AS_WISHED)
    return ended


def keeper(setting: SlaveSetting) -> Callable[[Result], Result]:
    """How a slave that was started so keeps its result."""

    def keep(result: Result) -> Result:
        """On disk, then on stdout; both before anyone is told."""
        kept = msgspec.structs.replace(result, cpu_seconds=cpu_seconds())
        if setting.results is not None:
            write_result(setting.results, kept)
        if setting.termination is not None:
            write_termination_message(setting.termination, kept)
        tally: dict[str, Any] = {
            "count": kept.count,
            "sum": shown_sum(kept.sum_exact),
            "digest": str(kept.digest),
        }
        line = " ".join(f"{name} {value}" for name, value in tally.items())
        _print(setting, line, **tally)
        return kept

    return keep


def _print(setting: SlaveSetting, line: str, **fields: Any) -> None:
    """The line that is looked for: it is written whatever the level is."""
    line = f"{setting.title}: {line}"
    if setting.style.json and setting.name is not None:
        line = Log(str(setting.name.node), style=setting.style).line(line, **fields)
    # Whoever does not read it, or a disk that is full, takes nothing from the run.
    with contextlib.suppress(OSError):
        print(line, flush=True)


def _journal(setting: SlaveSetting, name: Name) -> Journal | None:
    """This slave's, begun (docs/journal.md); None without a folder. OSError if it fails."""
    if setting.journal is None:
        return None
    meta = {
        "run": name.run,
        "node": str(name.node),
        "role": "slave",
        "ordinal": name.node.ordinal,
        "incarnation": name.node.incarnation,
        **setting.known,
        "clock": clock_name(),
    }
    return Journal(setting.journal / file_name(str(name.node)), meta)
