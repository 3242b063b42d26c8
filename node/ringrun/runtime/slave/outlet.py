"""What a core has to say, on its way out: written down first, then frames, then the rest.

Called by `loop` after everything that it gives its core.
"""

from collections.abc import Callable

from ringrun.core.messages import Heartbeat, Result
from ringrun.core.outputs import Beat, Drop, Exit, Finish, Links, Output, Send
from ringrun.core.runner import SlaveCore
from ringrun.runtime.journal import Journal
from ringrun.runtime.links.connections import Connections
from ringrun.runtime.links.link import Link
from ringrun.runtime.log import Log
from ringrun.runtime.slave.sending import sender
from ringrun.runtime.wire.frames import PREAMBLE, encode_control

# Nearly all control frames of a large ring are this one: neither encoded nor decoded each time.
HEARTBEAT = encode_control(Heartbeat())
HEARTBEAT_BODY = HEARTBEAT[PREAMBLE.size :]


class Ended(Exception):  # noqa: N818 - the end that every core comes to is no error
    """The core has said Exit: from here on nobody may call it, however deep in a turn."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Outlet:
    """The outlet of one core. `keep` puts its result where it outlives the process.

    `own` gets the frames of a view of one, `broken` the links that cannot be sent to; the loop
    takes both out.
    """

    __slots__ = (
        "_by_peer",
        "_connections",
        "_core",
        "_journal",
        "_keep",
        "_kept",
        "_log",
        "broken",
        "own",
        "send",
    )

    def __init__(
        self,
        core: SlaveCore,
        connections: Connections,
        *,
        journal: Journal | None,
        log: Log,
        keep: Callable[[Result], Result],
    ) -> None:
        self._core = core
        self._connections = connections
        self._by_peer = connections.routes.by_peer
        self._journal = journal
        self._log = log
        self._keep = keep
        self._kept: Result | None = None
        self.own: list[bytes] = []
        self.broken: list[Link] = []
        self.send = sender(core, connections.routes, self.own, self.broken)

    def flush(self, now: float) -> None:
        """Let out all that there is. Ended, once that is the exit."""
        core = self._core
        while True:
            notes = core.notes
            if notes:
                if self._journal is not None:
                    self._journal.write(notes, now)
                notes.clear()
            if core.frames:
                self.send()
            outputs = core.outputs
            if not outputs:
                return
            batch = outputs[:]
            outputs.clear()
            for output in batch:
                self._put_out(output, now)
            if self._kept is not None:
                self._finish(self._kept, now)

    def _finish(self, kept: Result, now: float) -> None:
        """Not at the time it is by now: what is left of this turn comes with the same `now`."""
        self._kept = None
        if now >= self._core.deadline:
            self._core.tick(now)
            self.flush(now)
        self._core.finish(kept, now)

    def _put_out(self, output: Output, now: float) -> None:
        match output:
            case Send(to, message):
                link = self._by_peer.get(to)
                if link is not None and not link.send_control(encode_control(message)):
                    self.broken.append(link)
            case Beat(peers):
                for peer in peers:
                    link = self._by_peer.get(peer)
                    if link is not None and not link.send_control(HEARTBEAT):
                        self.broken.append(link)
            case Links(wanted):
                self._connections.want(wanted, now)
            case Finish(result):
                # The others end as this one does; their connections closing is no news.
                self._log.calm = True
                self._kept = self._keep(result)
            case Drop(peer, reason):
                self._connections.drop(peer, reason, now)
            case Exit(code, reason):
                if reason:
                    self._log.say(reason)
                raise Ended(code)
            case _:
                raise AssertionError(f"a slave does not ask for {type(output).__name__}")
