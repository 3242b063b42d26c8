"""`ringrun master`: what it refuses before it has dialled anybody."""

from collections.abc import Callable

import pytest

from ringrun.local.hand import run_master
from ringrun.local.hand.access import TOKEN_FILE, listening
from ringrun.report_text import OutputForm
from ringrun.spec import SpecError, default_run

Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Refused:
    """The one fault of a master with these slaves."""
    monkeypatch.delenv(TOKEN_FILE, raising=False)

    def run(port: int, *slaves: tuple[str, int]) -> str:
        with pytest.raises(SpecError) as caught:
            run_master("127.0.0.1", port, default_run(), slaves, output=OutputForm.TEXT)
        [fault] = caught.value.faults
        return fault

    return run


def test_one_slave_is_no_ring(refused: Refused) -> None:
    """The line says how to start another."""
    fault = refused(0, ("127.0.0.1", 1))
    assert fault.startswith("--slaves: must be at least 2, got 1; start one with: ringrun slave")


def test_a_slave_elsewhere_is_not_dialled_without_a_token(refused: Refused) -> None:
    """Whoever listens there would be believed."""
    fault = refused(0, ("127.0.0.1", 1), ("192.0.2.1", 1))
    assert fault.startswith("--slaves 192.0.2.1:1: must be a loopback address")


def test_two_masters_do_not_take_themselves_for_one(refused: Refused) -> None:
    """A master's address is held though nobody dials it."""
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert "choose another port" in refused(port, ("127.0.0.1", 1), ("127.0.0.1", 2))
