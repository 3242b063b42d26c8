"""What a pod is told by its environment and by what is mounted in it, for slaves and masters alike.

Called by `pod` and `pod_master`. All of it is listed in `ringrun_operator.objects.pods`.
"""

import os
from pathlib import Path
from typing import Final

TERMINATION_MESSAGE: Final = Path("/dev/termination-log")


def token() -> bytes:
    """The run's token, as the kubelet mounted it."""
    return Path(os.environ["RINGRUN_TOKEN_FILE"]).read_bytes()


def journal() -> Path | None:
    """The folder for journals, if the pod's template names one."""
    folder = os.environ.get("RINGRUN_JOURNAL")
    return Path(folder) if folder else None
