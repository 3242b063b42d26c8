"""What the sockets of a run have in common: how they are tuned, and how the system's errors read.

Called by whoever opens or accepts a connection; imports nothing that takes long.
"""

import socket

from ringrun.wording import system_words


def errno_text(error: OSError) -> str:
    """`connection reset by peer`, in the system's own words."""
    text = system_words(error) if str(error) else "broken"
    return text[:1].lower() + text[1:]


def tune(sock: socket.socket) -> None:
    """What every connection of a run has, dialled or accepted."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Heartbeats find a dead peer long before; this is for a host that vanished during the handshake
    # or a link that nobody watches any more.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def family_of(host: str) -> socket.AddressFamily:
    """Members have numeric addresses: no name is looked up on the way to the ring."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
