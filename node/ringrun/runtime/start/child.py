"""`ringrun _node slave|master`: one child of a supervisor, with its channel on a descriptor.

Called by the command line; nothing here is for users. The token comes by the channel, so it is in
no argument and no environment. Slaves import neither asyncio nor YAML: a replacement must be there
at once.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ringrun.core.node import SlaveId

# Before numpy is imported, by whatever comes first: its threads would fight with the ring for CPUs.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> int:
    """Be the node that the arguments name, until it is done; the exit code."""
    _die_with_supervisor()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    role, *rest = arguments
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    code = _slave(options) if role == "slave" else _master(options)
    sys.stdout.flush()
    # Nothing is left to tidy up, and an interpreter takes its time to end.
    os._exit(code)


def _slave(options: dict[str, str]) -> int:
    from ringrun.runtime.channel import Channel
    from ringrun.runtime.links.admission import Name
    from ringrun.runtime.links.listening import listen
    from ringrun.runtime.slave.process import SlaveSetting, run_slave

    node = SlaveId(int(options["--ordinal"]), int(options["--incarnation"]))
    channel = Channel(int(options["--channel"]))
    listener = listen("127.0.0.1", 0)
    channel.say({"listening": list(listener.getsockname()[:2])})
    setup = channel.first()["setup"]
    spec = setup["spec"]
    journal = setup.get("journal")
    return run_slave(
        SlaveSetting(
            name=Name(run=setup["run"], node=node),
            token=bytes.fromhex(setup["token"]),
            title=node.in_words,
            start_deadline=float(spec.get("startDeadlineSeconds", 300.0)),
            journal=Path(journal) if journal else None,
            results=Path(setup["runDir"]) / "results",
            debug=bool(setup.get("debug")),
            meta=meta(spec),
        ),
        listener,
        channel,
    )


def _master(options: dict[str, str]) -> int:
    from ringrun.core.node import MasterId
    from ringrun.runtime.channel import Channel
    from ringrun.runtime.start.child_master import run_child

    channel = Channel(int(options["--channel"]))
    me = MasterId(int(options["--number"]), int(options["--incarnation"]))
    return run_child(me, channel)


def meta(spec: dict[str, Any]) -> dict[str, Any]:
    """What a journal's first record says of the run's spec (docs/journal.md)."""
    return {
        "nodes": spec["nodes"],
        "seed": spec["seed"],
        "model": spec["model"],
        "send": spec["periods"]["sendMilliseconds"] / 1000,
        "grace": spec["periods"]["graceMilliseconds"] / 1000,
    }


def _die_with_supervisor() -> None:
    """A child that is stopped does not see its channel close; the kernel ends it all the same."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            # It died in between, and the signal will not come.
            os._exit(1)
