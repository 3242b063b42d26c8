"""The end of a slave's process: what is queued leaves, and the other sides read it.

A socket that is closed with something unread in it takes back what it sent last, and that may be a
result. So every link is shut for sending first, and closed once the other side has closed. Called
by `loop` after the core's Exit.
"""

import time

from ringrun.runtime.links.connections import Connections
from ringrun.runtime.links.link import State


def let_leave(connections: Connections, until: float) -> None:
    """Return when every link has ended that way, at the latest at `until`."""
    connections.listen_no_more()
    now = time.monotonic()
    for link in list(connections.by_fd.values()):
        if link.up:
            connections.linger(link, "", now)
        elif link.state is not State.LINGERING:
            connections.close(link, "", now)
    while connections.unfinished and (now := time.monotonic()) < until:
        for fd, event in connections.poll.poll(until - now):
            # What is no link is the channel or a signal: there is less than a second left for both.
            found = connections.by_fd.get(fd)
            if found is not None:
                connections.advance(found, event, now)
