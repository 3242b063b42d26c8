"""The seed's two programs, run by hand: `ringrun slave` and `ringrun master`.

Called by the command line. With a token (RINGRUN_TOKEN_FILE) they work across a network; without
one everything stays on loopback, where the machine's own users are all there is to trust. What the
master does with the slaves that it found is in `hand_master`.
"""

import contextlib
import ipaddress
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from ringrun.local.hand.registry import RegistryError, folder_of, open_folder, register
from ringrun.runtime.links.sockets import errno_text
from ringrun.spec import SpecError

if TYPE_CHECKING:
    from ringrun.report_text import OutputForm
    from ringrun.spec import RunSpec

TOKEN_FILE = "RINGRUN_TOKEN_FILE"
SHORTEST_TOKEN = 16


def run_slave(host: str, port: int, journal: Path | None = None, *, debug: bool = False) -> int:
    """Serve one run of whichever master comes; the exit code. SpecError if it cannot listen."""
    token = token_of_environment()
    _check_host("HOST", host, token)
    with contextlib.ExitStack() as ending:
        # Listening comes before everything that takes its time, so that a master finds the slave.
        listener = _listen(host, port)
        ending.callback(listener.close)
        if _is_loopback(host):
            entry = register(_folder(), host, port)
            ending.callback(entry.unlink, missing_ok=True)
        from ringrun.runtime.slave.process import SlaveSetting, run_slave

        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            # Ctrl-C asks to leave, like SIGTERM; a shell's background jobs ignore it.
            signal.signal(signal.SIGINT, lambda number, frame: signal.raise_signal(signal.SIGTERM))
        setting = SlaveSetting(
            name=None,
            token=token,
            title=f"slave {port}",
            journal=journal,
            debug=debug,
        )
        return run_slave(setting, listener)
    raise AssertionError("an exit stack does not swallow")


def run_master(
    host: str,
    port: int,
    spec: "RunSpec",
    slaves: tuple[tuple[str, int], ...] | None = None,
    journal: Path | None = None,
    *,
    output: "OutputForm",
    debug: bool = False,
) -> int:
    """A whole run with the slaves named, or found; the exit code. SpecError if there are none."""
    token = token_of_environment()
    for name, number in slaves or ():
        _check_host(f"--slaves {name}:{number}", name, token)
    folder = None if slaves is not None else _folder()
    from ringrun.local.hand.master import serve

    # A master dials; it holds its own address only so that two do not take themselves for one.
    with _listen(host, port):
        return serve(
            spec,
            slaves=slaves,
            folder=folder,
            token=token,
            journal=journal,
            form=output,
            debug=debug,
        )


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


def _check_host(place: str, host: str, token: bytes) -> None:
    if not token and not _is_loopback(host):
        raise SpecError(
            [
                f"{place}: must be a loopback address (127.0.0.1) without a token, since anyone "
                f"who reaches {host} could give commands there; set {TOKEN_FILE} to a file "
                "with the run's token, the same for slaves and master"
            ]
        )


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(each[4][0]).is_loopback for each in found)


def _listen(host: str, port: int) -> socket.socket:
    from ringrun.runtime.links.listening import listen

    try:
        return listen(host, port)
    except socket.gaierror as error:
        raise SpecError([f"HOST: {host}: {errno_text(error)}"]) from error
    except OSError as error:
        hint = "; choose another port" if "in use" in str(error) else ""
        raise SpecError([f"{host}:{port}: {errno_text(error)}{hint}"]) from error


def _folder() -> Path:
    try:
        return open_folder(folder_of(os.environ))
    except RegistryError as error:
        raise SpecError([str(error)]) from error
