"""What a pod is told by its environment and by what is mounted in it, for slaves and masters alike.

Called by `pod` and `pod_master`. All of it is listed in `ringrun_operator.objects.pods`.
"""

import os
from pathlib import Path
from typing import Final

from ringrun.runtime.journal import file_name
from ringrun.runtime.log import LEVELS, Style
from ringrun.spec import SpecError

TERMINATION_MESSAGE: Final = Path("/dev/termination-log")


def token() -> bytes:
    """The run's token, as the kubelet mounted it."""
    return Path(os.environ["RINGRUN_TOKEN_FILE"]).read_bytes()


def journal(node: str) -> Path | None:
    """The folder for journals, if the pod's template names one; `node` is like s0-1 or m0-1.

    SpecError where this node cannot begin one there: what is mounted is the user's, and so are the
    words about it.
    """
    if not os.environ.get("RINGRUN_JOURNAL"):
        return None
    folder = Path(os.environ["RINGRUN_JOURNAL"])
    said = "RINGRUN_JOURNAL must be a folder"
    if not folder.is_dir():
        raise SpecError([f"{said} that spec.template mounts, got {folder}"])
    if not os.access(folder, os.W_OK | os.X_OK):
        user = f"user {os.getuid()} cannot write to {folder}"
        raise SpecError(
            [f"{said} that the pod may write to: {user} (spec.template.podSecurityContext.fsGroup)"]
        )
    if (folder / file_name(node)).exists():
        raise SpecError([f"{said} of this run's own, and {folder} has a {file_name(node)} already"])
    return folder


def style() -> Style:
    """How the node's lines look. What an operator of another version may ask for is not refused."""
    level = os.environ.get("RINGRUN_LOG_LEVEL", "")
    return Style(
        json=os.environ.get("RINGRUN_LOG_FORMAT") == "json",
        level=level if level in LEVELS else "info",
        stdout=True,
        run=os.environ.get("RINGRUN_RUN", ""),
    )
