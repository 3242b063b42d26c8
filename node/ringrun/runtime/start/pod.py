"""`ringrun _pod slave|master`: a node of a run in a cluster, told all it needs by its environment.

Called by the command line; nothing here is for users. What a pod gets is listed in
`ringrun_operator.objects.pods`. A slave never calls the API server; its result is its termination
message.
"""

import json
import os
from collections.abc import Sequence
from typing import Any

from ringrun.core.node import MasterId, SlaveId
from ringrun.runtime.start.pod_environment import TERMINATION_MESSAGE, journal, token
from ringrun.runtime.start.program import Options, be_node


def main(arguments: Sequence[str]) -> int:
    """Be the node that the arguments name, until it is done; the exit code."""
    return be_node(arguments, slave=_slave, master=_master)


def _slave(me: SlaveId, options: Options) -> int:
    del options
    from ringrun.runtime.links.listening import listen

    # First of all: the leader dials as soon as the container runs, and waits longer each time.
    listener = listen(os.environ["RINGRUN_ADDRESS"], int(os.environ["RINGRUN_PORT"]))
    from ringrun.runtime.links.admission import Name
    from ringrun.runtime.slave.process import SlaveSetting, known_of, run_slave

    spec: dict[str, Any] = json.loads(os.environ["RINGRUN_SPEC"])
    return run_slave(
        SlaveSetting(
            name=Name(run=os.environ["RINGRUN_RUN"], node=me),
            token=token(),
            title=me.in_words,
            start_deadline=float(spec["startDeadlineSeconds"]),
            journal=journal(str(me)),
            termination=TERMINATION_MESSAGE,
            known=known_of(spec),
        ),
        listener,
    )


def _master(me: MasterId, options: Options) -> int:
    del options
    from ringrun.runtime.start.pod_master import run_pod_master

    return run_pod_master(me)
