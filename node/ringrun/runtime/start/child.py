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

from ringrun.core.node import MasterId, SlaveId
from ringrun.runtime.start.program import Options, be_node

_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> int:
    """Be the node that the arguments name, until it is done; the exit code."""
    _die_with_supervisor()
    return be_node(arguments, slave=_slave, master=_master)


def _slave(me: SlaveId, options: Options) -> int:
    from ringrun.runtime.channel import Channel
    from ringrun.runtime.links.admission import Name
    from ringrun.runtime.links.listening import listen
    from ringrun.runtime.slave.process import SlaveSetting, known_of, run_slave

    channel = Channel(int(options["--channel"]))
    listener = listen("127.0.0.1", 0)
    channel.say({"listening": list(listener.getsockname()[:2])})
    setup = channel.first()["setup"]
    spec = setup["spec"]
    journal = setup.get("journal")
    return run_slave(
        SlaveSetting(
            name=Name(run=setup["run"], node=me),
            token=bytes.fromhex(setup["token"]),
            title=me.in_words,
            start_deadline=float(spec.get("startDeadlineSeconds", 300.0)),
            journal=Path(journal) if journal else None,
            results=Path(setup["runDir"]) / "results",
            debug=bool(setup.get("debug")),
            known={**known_of(spec), "id": setup.get("id")},
        ),
        listener,
        channel,
    )


def _master(me: MasterId, options: Options) -> int:
    from ringrun.runtime.channel import Channel
    from ringrun.runtime.start.child_master import run_child_master

    return run_child_master(me, Channel(int(options["--channel"])))


def _die_with_supervisor() -> None:
    """A child that is stopped does not see its channel close; the kernel ends it all the same."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            # It died in between, and the signal will not come.
            os._exit(1)
