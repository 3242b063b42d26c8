"""Which display fits where the output goes. Called by `ringrun.local.run`."""

from typing import IO

from ringrun.local.display.interface import Display, Silent
from ringrun.local.display.lines import Lines
from ringrun.spec import RunSpec
from ringrun.streams import screen_of


def display_for(spec: RunSpec, out: IO[str], *, silent: bool) -> Display:
    """The display that fits where the output goes."""
    if silent:
        return Silent()
    if not screen_of(out).moves:
        return Lines(spec, out)
    # Loaded only where it can be seen: it costs more than the rest of the supervisor.
    from ringrun.local.display.bar import Bar

    return Bar(spec, out)
