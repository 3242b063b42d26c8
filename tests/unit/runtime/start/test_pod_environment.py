"""What a pod is told by its environment."""

from pathlib import Path

import pytest

from ringrun.runtime.start.pod_environment import journal, token


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


@pytest.mark.parametrize(("folder", "found"), [(None, None), ("", None), ("/j", Path("/j"))])
def test_a_journal_is_kept_only_where_a_folder_is_named(
    monkeypatch: pytest.MonkeyPatch, folder: str | None, found: Path | None
) -> None:
    """An empty name is none, and not the folder in which the process runs."""
    monkeypatch.delenv("RINGRUN_JOURNAL", raising=False)
    if folder is not None:
        monkeypatch.setenv("RINGRUN_JOURNAL", folder)
    assert journal() == found
