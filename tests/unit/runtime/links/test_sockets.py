"""How the sockets of a run are tuned, and how the system's errors read."""

import errno
import os
import socket

import pytest

from ringrun.runtime.links.sockets import errno_text, family_of, tune


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.EPIPE, os.strerror(errno.EPIPE)), "broken pipe"),
        (OSError("Own words"), "own words"),
        (OSError("é"), "é"),
        (OSError(), "broken"),
    ],
)
def test_an_error_reads_like_the_rest_of_a_line(error: OSError, text: str) -> None:
    """The system's own words, begun small; there are always some."""
    assert errno_text(error) == text


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_tuned_socket_never_blocks_nor_waits_for_more(family: socket.AddressFamily) -> None:
    """A frame leaves at once; a host that vanished is found out within half a minute."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        tune(sock)
        assert not sock.getblocking()
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, every, times = (
            sock.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert idle + every * times <= 30


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("127.0.0.1", socket.AF_INET),
        ("::1", socket.AF_INET6),
        ("::ffff:10.0.0.1", socket.AF_INET6),
    ],
)
def test_the_family_is_seen_in_the_address(host: str, family: socket.AddressFamily) -> None:
    """Nothing is looked up."""
    assert family_of(host) is family
