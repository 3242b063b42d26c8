"""`ringrun _pod slave|master`: a node of a run in a cluster, told all it needs by its environment.

Called by the command line; nothing here is for users. What a pod gets is listed in
`ringrun_operator.pods`. A slave never calls the API server; its result is its termination message.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ringrun.core.node import SlaveId

# Before numpy is imported, by whatever comes first: its threads would fight with the ring for CPUs.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

TERMINATION_MESSAGE: Final = Path("/dev/termination-log")


def main(arguments: Sequence[str]) -> int:
    """Be the node that the arguments name, until it is done; the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    role, *rest = arguments
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    code = _slave(options) if role == "slave" else _master(options)
    sys.stdout.flush()
    # Nothing is left to tidy up, and an interpreter takes its time to end.
    os._exit(code)


def _slave(options: dict[str, str]) -> int:
    from ringrun.runtime.links.listening import listen

    # First of all: the leader dials as soon as the container runs, and waits longer each time.
    listener = listen(os.environ["RINGRUN_ADDRESS"], int(os.environ["RINGRUN_PORT"]))
    from ringrun.runtime.links.admission import Name
    from ringrun.runtime.slave.process import SlaveSetting, run_slave
    from ringrun.runtime.start.child import meta

    node = SlaveId(int(options["--ordinal"]), int(options["--incarnation"]))
    spec: dict[str, Any] = json.loads(os.environ["RINGRUN_SPEC"])
    return run_slave(
        SlaveSetting(
            name=Name(run=os.environ["RINGRUN_RUN"], node=node),
            token=token(),
            title=node.in_words,
            start_deadline=float(spec["startDeadlineSeconds"]),
            journal=journal(),
            termination=TERMINATION_MESSAGE,
            meta=meta(spec),
        ),
        listener,
    )


def _master(options: dict[str, str]) -> int:
    from ringrun.core.node import MasterId
    from ringrun.runtime.start.pod_master import run_pod_master

    return run_pod_master(MasterId(int(options["--number"]), int(options["--incarnation"])))


def token() -> bytes:
    """The run's token, as the kubelet mounted it."""
    return Path(os.environ["RINGRUN_TOKEN_FILE"]).read_bytes()


def journal() -> Path | None:
    """The folder for journals, if the pod's template names one."""
    folder = os.environ.get("RINGRUN_JOURNAL")
    return Path(folder) if folder else None
