"""What programs by hand may use: tokens, addresses and the registry, and each refusal's line."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ringrun.local.hand.access import (
    SHORTEST_TOKEN,
    TOKEN_FILE,
    check_host,
    is_loopback,
    listening,
    registry_folder,
    resolved,
    token_of_environment,
)
from ringrun.spec import SpecError

TOKEN = b"k" * SHORTEST_TOKEN

# An empty label, and one that is too long; neither is ever looked up.
NO_NAMES = ["a..b", "a" * 64]


def refused(call: Callable[[], object]) -> str:
    """The one line of what is refused."""
    with pytest.raises(SpecError) as caught:
        call()
    [fault] = caught.value.faults
    return fault


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_file_there_is_no_token(
    name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor with a variable that is set to nothing, as scripts do."""
    monkeypatch.delenv(TOKEN_FILE, raising=False)
    if name is not None:
        monkeypatch.setenv(TOKEN_FILE, name)
    assert token_of_environment() == b""


def test_a_token_is_what_the_file_holds_but_for_the_space_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors end a file with a line end, on one machine and not on the other."""
    file = tmp_path / "token"
    monkeypatch.setenv(TOKEN_FILE, str(file))
    file.write_bytes(b" " + TOKEN + b"\n")
    assert token_of_environment() == TOKEN


def test_a_token_that_can_be_guessed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Space around it does not make it longer; an empty file is no token, not none."""
    file = tmp_path / "token"
    monkeypatch.setenv(TOKEN_FILE, str(file))
    for content in (b"", TOKEN[1:] + b"\n"):
        file.write_bytes(content)
        assert refused(token_of_environment) == (
            f"{TOKEN_FILE}: {file} must hold at least 16 bytes, got {len(content.strip())}"
        )


def test_a_file_that_cannot_be_read_is_not_taken_for_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a slip of the pen would open a slave to everybody."""
    monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "none"))
    fault = f"{TOKEN_FILE}: {tmp_path}/none: no such file or directory"
    assert refused(token_of_environment) == fault


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        *((name, False) for name in NO_NAMES),
    ],
)
def test_only_what_nobody_else_reaches_is_loopback(host: str, loopback: bool) -> None:
    """The wildcard is reached by all; what is no address at all is not trusted."""
    assert is_loopback(host) is loopback


def test_a_name_with_an_address_that_others_reach_is_not_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever of its addresses comes first: any of them may be the one that is taken."""
    kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    found = [(*kind, ("127.0.0.1", 0)), (*kind, ("192.0.2.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert not is_loopback("both")
    del found[1]
    assert is_loopback("one")


def test_a_token_or_loopback_is_needed() -> None:
    """One of them is enough; the refusal says what to do."""
    check_host("HOST", "127.0.0.1", b"")
    check_host("HOST", "192.0.2.1", TOKEN)
    fault = refused(lambda: check_host("HOST", "192.0.2.1", b""))
    assert fault.startswith("HOST: must be a loopback address (127.0.0.1) without a token, ")
    assert f"set {TOKEN_FILE} to a file" in fault


def test_an_address_is_resolved_to_numbers() -> None:
    """Slaves are told of each other by it, and what a name means is another thing elsewhere."""
    assert resolved("--slaves", "127.0.0.1", 7) == "127.0.0.1"
    assert resolved("--slaves", "::1", 7) == "::1"


@pytest.mark.parametrize("host", NO_NAMES)
def test_what_cannot_be_a_name_is_the_users_fault_and_not_ours(host: str) -> None:
    """Python fails to encode it before the system is asked."""
    words = "is no name that a host can have"
    assert refused(lambda: resolved("--slaves", host, 7)) == f"--slaves {host}:7: {words}"
    assert refused(lambda: listening(host, 7)) == f"HOST: {host}: {words}"


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert first.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        fault = refused(lambda: listening("127.0.0.1", port))
    assert fault == f"127.0.0.1:{port}: address already in use; choose another port"


def test_an_address_of_another_machine_is_told_without_that_hint() -> None:
    """Another port would not help."""
    fault = refused(lambda: listening("192.0.2.1", 7))
    assert fault == "192.0.2.1:7: cannot assign requested address"


def test_the_registry_is_the_users_and_a_folder_of_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made where the environment says; what the registry refuses is the user's to mend."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = registry_folder()
    assert folder == tmp_path / "ringrun"
    folder.chmod(0o755)
    assert refused(registry_folder) == f"{folder}: must be yours alone; do: chmod 700 {folder}"
