"""`ringrun slave`: who cannot be served, and that it then was never listed."""

from pathlib import Path

import pytest

from ringrun.local.hand.access import TOKEN_FILE, listening, registry_folder
from ringrun.local.hand.slave import run_slave
from ringrun.spec import SpecError


@pytest.fixture(autouse=True)
def _nobody_is_registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv(TOKEN_FILE, raising=False)


def test_a_slave_that_cannot_listen_is_not_registered() -> None:
    """A master would dial whoever holds that port."""
    with listening("127.0.0.1", 0) as first, pytest.raises(SpecError, match="another port"):
        run_slave("127.0.0.1", first.getsockname()[1])
    assert list(registry_folder().iterdir()) == []


def test_strangers_are_not_served_without_a_token() -> None:
    """Anyone who reaches it could give commands there. (This one could not be bound either.)"""
    with pytest.raises(SpecError, match="HOST: must be a loopback address"):
        run_slave("192.0.2.1", 0)
