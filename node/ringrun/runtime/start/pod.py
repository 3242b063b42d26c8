"""`ringrun _pod slave|master`: a node of a run in a cluster, told all it needs by its environment.

Called by the command line; nothing here is for users. What a pod gets is listed in
`ringrun_operator.objects.pods`. A slave never calls the API server; its result is its termination
message.
"""

import json
import os
import traceback
from collections.abc import Sequence
from typing import Any

from ringrun.core.node import MasterId, SlaveId
from ringrun.exit_codes import ExitCode
from ringrun.runtime.log import Log
from ringrun.runtime.start.pod_environment import TERMINATION_MESSAGE, journal, style, token
from ringrun.runtime.start.program import Options, be_node
from ringrun.spec import SpecError
from ringrun.wording import unnumbered


def main(arguments: Sequence[str]) -> int:
    """Be the node that the arguments name, until it is done; the exit code."""
    try:
        return be_node(arguments, slave=_slave, master=_master)
    except Exception as error:
        if not style().json:
            raise
        return _said_in_json(arguments, error)


def _said_in_json(arguments: Sequence[str], error: Exception) -> int:
    """The exit code of what a node raised. A traceback is many lines, and a fault is several, of
    which no reader of JSON makes anything."""
    options = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    number = options.get("--ordinal", options.get("--number", "?"))
    node = f"{arguments[0][:1]}{number}-{options.get('--incarnation', '?')}"
    log = Log(node, style=style())
    if isinstance(error, SpecError):
        for fault in error.faults:
            log.say(fault, "error")
        return ExitCode.WRONG_INPUT
    words = unnumbered(" ".join(f"{type(error).__name__}: {error}".split()))
    trace = "".join(traceback.format_exception(error))
    log.say(f"internal error: {words}", "error", exception=trace)
    return ExitCode.INTERNAL_ERROR


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
            style=style(),
        ),
        listener,
    )


def _master(me: MasterId, options: Options) -> int:
    del options
    from ringrun.runtime.start.pod_master import run_pod_master

    return run_pod_master(me)
