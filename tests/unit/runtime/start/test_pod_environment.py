"""What a pod is told by its environment."""

from pathlib import Path

import pytest

from ringrun.runtime.start.pod_environment import journal, token
from ringrun.spec import SpecError


def test_a_token_is_every_byte_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn at random: what looks like a newline at its end is a part of it."""
    (tmp_path / "token").write_bytes(b"\xff\x00 token\r\n")
    monkeypatch.setenv("RINGRUN_TOKEN_FILE", str(tmp_path / "token"))
    assert token() == b"\xff\x00 token\r\n"


def test_a_pod_without_a_token_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would speak to anybody."""
    monkeypatch.delenv("RINGRUN_TOKEN_FILE", raising=False)
    with pytest.raises(KeyError, match="RINGRUN_TOKEN_FILE"):
        token()
    monkeypatch.setenv("RINGRUN_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(FileNotFoundError):
        token()


def test_a_journal_is_kept_only_where_a_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty name is none, and not the folder in which the process runs."""
    monkeypatch.delenv("RINGRUN_JOURNAL", raising=False)
    assert journal("s0-1") is None
    monkeypatch.setenv("RINGRUN_JOURNAL", "")
    assert journal("s0-1") is None
    monkeypatch.setenv("RINGRUN_JOURNAL", str(tmp_path))
    (tmp_path / "s1-1.journal").touch()
    assert journal("s0-1") == tmp_path


def test_a_folder_in_which_no_journal_can_be_begun_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what the pod's last line says, and so the run's SlavesReady."""
    (tmp_path / "s0-1.journal").touch()
    none = tmp_path / "none"

    def said(folder: Path) -> str:
        monkeypatch.setenv("RINGRUN_JOURNAL", str(folder))
        with pytest.raises(SpecError) as caught:
            journal("s0-1")
        return str(caught.value)

    rule = "RINGRUN_JOURNAL must be a folder"
    assert said(none) == f"{rule} that spec.template mounts, got {none}"
    has = f"{tmp_path} has a s0-1.journal already"
    assert said(tmp_path) == f"{rule} of this run's own, and {has}"
    # Root may write everywhere, so what the system would say is put in its place.
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr("os.getuid", lambda: 65532)
    assert said(tmp_path) == (
        f"{rule} that the pod may write to: user 65532 cannot write to {tmp_path} "
        "(spec.template.podSecurityContext.fsGroup)"
    )
