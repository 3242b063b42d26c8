"""What every node's program begins and ends with, whoever starts it: its arguments and its exit.

Called by `child` and `pod`. Imports nothing that takes long, and comes before whatever does.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from ringrun.core.node import MasterId, SlaveId

# Before numpy is imported, by whatever comes first: its threads would fight with the ring for CPUs.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

Options = Mapping[str, str]


def be_node(
    arguments: Sequence[str],
    *,
    slave: Callable[[SlaveId, Options], int],
    master: Callable[[MasterId, Options], int],
) -> int:
    """Be the slave or the master that the arguments name until it is done, and exit.

    Says that it returns the exit code, for the command line's sake.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    role, *rest = arguments
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    incarnation = int(options["--incarnation"])
    if role == "slave":
        code = slave(SlaveId(int(options["--ordinal"]), incarnation), options)
    else:
        code = master(MasterId(int(options["--number"]), incarnation), options)
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # Nothing is left to tidy up, and an interpreter takes its time to end.
    os._exit(code)
