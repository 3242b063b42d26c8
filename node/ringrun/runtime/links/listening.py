"""A node's own listening socket. Called before anything that takes long to import."""

import socket

BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError as the system gives it."""
    [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    listener = socket.socket(family, kind, protocol)
    try:
        # Shares no port with one who listens; takes over one that only waits for old connections.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
