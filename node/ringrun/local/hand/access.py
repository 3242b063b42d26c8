"""What both programs by hand may use: the run's token, addresses, the folder of the registry.

Called by `slave` and `master`. With a token (RINGRUN_TOKEN_FILE) they work across a network;
without one everything stays on loopback, where the machine's own users are all there is to trust.
Whatever is wrong is a SpecError with what to do. Imports nothing that takes long: a slave has to
listen before that.
"""

import ipaddress
import os
import socket
from pathlib import Path

from ringrun.local.hand.registry import RegistryError, folder_of, open_folder
from ringrun.runtime.links.listening import listen
from ringrun.runtime.links.sockets import errno_text
from ringrun.spec import SpecError

TOKEN_FILE = "RINGRUN_TOKEN_FILE"
SHORTEST_TOKEN = 16

# A name is encoded before the system is asked, and some cannot be: `a..b`, a label of 64 letters.
_NO_NAME = "is no name that a host can have"


def token_of_environment() -> bytes:
    """The run's token out of RINGRUN_TOKEN_FILE; empty if that is not set."""
    name = os.environ.get(TOKEN_FILE)
    if not name:
        return b""
    try:
        token = Path(name).read_bytes().strip()
    except OSError as error:
        raise SpecError([f"{TOKEN_FILE}: {name}: {errno_text(error)}"]) from error
    if len(token) < SHORTEST_TOKEN:
        raise SpecError(
            [f"{TOKEN_FILE}: {name} must hold at least {SHORTEST_TOKEN} bytes, got {len(token)}"]
        )
    return token


def check_host(place: str, host: str, token: bytes) -> None:
    """Refuse an address that others could reach, unless there is a token."""
    if not token and not is_loopback(host):
        raise SpecError(
            [
                f"{place}: must be a loopback address (127.0.0.1) without a token, since anyone "
                f"who reaches {host} could give commands there; set {TOKEN_FILE} to a file "
                "with the run's token, the same for slaves and master"
            ]
        )


def is_loopback(host: str) -> bool:
    """Whether every address of this name is."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(each[4][0]).is_loopback for each in found)


def resolved(place: str, host: str, port: int) -> str:
    """Numeric: slaves dial each other by what the master tells them, and look up no names."""
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except UnicodeError as error:
        raise SpecError([f"{place} {host}:{port}: {_NO_NAME}"]) from error
    except OSError as error:
        raise SpecError([f"{place} {host}:{port}: {errno_text(error)}"]) from error


def listening(host: str, port: int) -> socket.socket:
    """A listening socket there."""
    try:
        return listen(host, port)
    except UnicodeError as error:
        raise SpecError([f"HOST: {host}: {_NO_NAME}"]) from error
    except socket.gaierror as error:
        raise SpecError([f"HOST: {host}: {errno_text(error)}"]) from error
    except OSError as error:
        hint = "; choose another port" if "in use" in str(error) else ""
        raise SpecError([f"{host}:{port}: {errno_text(error)}{hint}"]) from error


def registry_folder() -> Path:
    """Where this user's slaves register, made if it is missing."""
    try:
        return open_folder(folder_of(os.environ))
    except RegistryError as error:
        raise SpecError([str(error)]) from error
