"""The end of a slave's process: what is queued leaves, and the other sides read it.

A socket that is closed with something unread in it takes back what it sent last, and that may be a
result. So every link is shut for sending first, and closed once the other side has closed.
"""

import time

from ringrun.runtime.links.connections import Connections
from ringrun.runtime.links.link import State


def let_leave(connections: Connections, until: float) -> None:
    """Return when every link has ended that way, at the latest at `until`."""
    connections.listen_no_more()
    unfinished = connections.unfinished
    for link in list(connections.by_fd.values()):
        if link.state is State.UP:
            unfinished[link.fd] = link
        elif link.state is not State.LINGERING:
            connections.close(link, "", until)
    while unfinished and (now := time.monotonic()) < until:
        for link in list(unfinished.values()):
            if link.idle and link.state is State.UP:
                link.state = State.LINGERING
                link.up = False
                connections.say_no_more(link, now)
        for fd, event in connections.poll.poll(until - now):
            found = connections.by_fd.get(fd)
            if found is None:
                # The channel or a signal: whatever it is, there is less than a second left.
                continue
            if found.state is not State.UP:
                connections.advance(found, event, now)
            elif not found.flush():
                connections.close(found, "", now)
