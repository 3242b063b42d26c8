"""What wakes a slave besides its links: SIGTERM, and the channel to its supervisor.

Made by `process` and asked by whoever polls: `naming` before there is a core, `loop` from then on.
"""

import select
import signal
import socket

from ringrun.runtime.channel import Channel


class Waking:
    """From its making on SIGTERM asks to leave; a channel that closes ends the process."""

    __slots__ = ("_channel", "_reader", "_writer", "leaving")

    def __init__(self, poll: select.epoll, channel: Channel | None) -> None:
        self.leaving = False
        """Whether the slave was told to leave and nobody has seen to it yet."""
        self._channel = channel
        # A signal wakes the poll by a byte, not by an exception.
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.signal(signal.SIGTERM, self._leave)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        poll.register(self._reader.fileno(), select.EPOLLIN)
        if channel is not None:
            poll.register(channel.descriptor, select.EPOLLIN)

    def handle(self, descriptor: int) -> None:
        """This descriptor is readable; nothing happens if it is none of these."""
        if descriptor == self._reader.fileno():
            try:
                while self._reader.recv(64):
                    pass
            except BlockingIOError:
                pass
        elif self._channel is not None and descriptor == self._channel.descriptor:
            # Its supervisor has nothing to say to it: this sees the end.
            self._channel.lines(lambda line: None)

    def close(self) -> None:
        """Signals wake nobody any more."""
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def _leave(self, number: int, frame: object) -> None:
        del number, frame
        self.leaving = True
