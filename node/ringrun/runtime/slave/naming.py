"""A slave by hand before it has a name: nothing but handshakes, until a master gives it one.

Called by `process`; once there is a name, and so a core, the loop goes on from here.
"""

import time
from typing import Final

from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.connections import Connections
from ringrun.runtime.links.events import Named
from ringrun.runtime.slave.spinning import LONGEST_WAIT, MOST_EVENTS
from ringrun.runtime.slave.waking import Waking

NEVER_BEGUN: Final = "no result, told to end before a run began"
"""What such a slave prints in place of its result."""


def first_name(connections: Connections, waking: Waking) -> Name | None:
    """The name that a master has given; None if the slave is told to end before.

    What came after the name is left in `connections.events`.
    """
    while not waking.leaving:
        timeout = max(0.0, min(connections.timer - time.monotonic(), LONGEST_WAIT))
        for fd, event in connections.poll.poll(timeout, MOST_EVENTS):
            if not connections.handle(fd, event, time.monotonic(), begun=False):
                waking.handle(fd)
        if time.monotonic() >= connections.timer:
            connections.tick(time.monotonic())
        if connections.events:
            named = connections.events.popleft()
            assert isinstance(named, Named), "no link comes up before there is a name"
            return named.name
    return None
