"""A node's own listening socket."""

import socket

import pytest

from ringrun.runtime.links.listening import listen


def test_one_who_dials_is_heard_at_once() -> None:
    """Before anybody accepts."""
    with listen("127.0.0.1", 0) as listener:
        socket.create_connection(listener.getsockname()[:2], timeout=5).close()


def test_a_port_is_not_shared_with_one_who_listens() -> None:
    """Each slave has its own; the error is the system's, and nothing stays open."""
    with listen("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", listener.getsockname()[1])


def test_an_address_that_is_not_here_is_refused() -> None:
    """TEST-NET-1 is nobody's."""
    with pytest.raises(OSError, match="assign"):
        listen("192.0.2.1", 0)
