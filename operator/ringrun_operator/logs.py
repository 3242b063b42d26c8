"""How the operator's log looks: lines for people, or JSON, of all that is logged in the process.

Set up by `__main__`, once. kopf's lines, asyncio's and Python's own warnings come the same way.
"""

import logging
import sys
import threading
from typing import Any, Final

from ringrun.wording import json_line

FORMATS: Final = ("text", "json")
LEVELS: Final = ("debug", "info", "warning", "error")

TEXT: Final = "%(asctime)s %(levelname)-7s %(name)s  %(message)s"

_KNOWN: Final = frozenset(
    {*vars(logging.LogRecord("", 0, "", 0, "", None, None)), "message", "asctime"}
)


class JsonLines(logging.Formatter):
    """A record as one line (`ringrun.wording.json_line`), with the fields that were given by
    `extra`; kopf's object as `kind`, `namespace` and `name`."""

    def format(self, record: logging.LogRecord) -> str:
        further: dict[str, Any] = {
            name: value
            for name, value in vars(record).items()
            if name not in _KNOWN and isinstance(value, str | int | float)
        }
        further = {name: each for name, each in further.items() if not name.startswith("k8s_")}
        about = getattr(record, "k8s_ref", None)
        if isinstance(about, dict):
            further |= {name: about.get(name) for name in ("kind", "namespace", "name")}
        if record.exc_info:
            further["exception"] = self.formatException(record.exc_info)
        level = record.levelname.lower()
        return json_line(record.created, level, record.name, record.getMessage(), **further)


def set_up(form: str, level: str) -> None:
    """From now on lines of this level and above go to stdout, in this form."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(TEXT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    least = root.level
    # kopf tells of every event, and the client of whole objects, whoever wants details of us.
    for name, quiet in (
        ("kopf", logging.WARNING),
        ("kopf.objects", logging.WARNING),
        ("kubernetes", logging.WARNING),
        # What became of a request or a watch is said by ourselves, as soon as it matters.
        ("kopf._cogs.clients.watching", logging.CRITICAL),
        ("kopf._core.reactor.orchestration", logging.CRITICAL),
        # Of signals in a thread there is nothing to say.
        ("kopf._core.reactor.running", logging.CRITICAL),
    ):
        wanted = max(quiet, least) if least > logging.DEBUG else min(quiet, logging.INFO)
        logging.getLogger(name).setLevel(wanted)
    if form == "json":
        sys.excepthook = _uncaught
        threading.excepthook = lambda args: _uncaught(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )


def _uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("ringrun_operator").critical(
        "internal error: %s: %s", kind.__name__, error, exc_info=(kind, error, trace)
    )
