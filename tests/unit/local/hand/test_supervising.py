"""A master by hand whose run cannot begin: what it refuses, and that it says nothing else."""

import asyncio
from pathlib import Path

import pytest

from ringrun.local.hand import supervising
from ringrun.local.hand.found import Found
from ringrun.local.hand.supervising import HandSetting, HandSupervisor
from ringrun.local.interrupts import Interrupts
from ringrun.report_text import OutputForm
from ringrun.spec import SpecError, default_run


def refusal(journal: Path | None = None) -> tuple[str, ...]:
    """The faults of a run with two slaves, of which none has been reached."""
    setting = HandSetting(
        spec=default_run().with_nodes(2),
        run="hand-1",
        token=b"",
        folder=None,
        journal=journal,
        form=OutputForm.TEXT,
    )
    found = [Found(host="127.0.0.1", port=port) for port in (1, 2)]

    async def run() -> int:
        async with asyncio.timeout(20):
            return await HandSupervisor(setting, found).run(Interrupts())

    with pytest.raises(SpecError) as caught:
        asyncio.run(run())
    return caught.value.faults


def test_every_slave_that_cannot_be_reached_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the first look, since none is waited for here."""
    monkeypatch.setattr(supervising, "REACH_PATIENCE", 0.0)
    faults = refusal()
    assert [fault.partition(": ")[0] for fault in faults] == [
        "slave 127.0.0.1:1",
        "slave 127.0.0.1:2",
    ]
    assert faults[0].endswith("is it running? Start it with: ringrun slave 127.0.0.1 1")
    assert capsys.readouterr().out == ""


def test_a_journal_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path) -> None:
    [fault] = refusal(tmp_path / "none")
    assert fault.startswith(f"--journal {tmp_path}/none: ")
    assert fault.endswith("no such file or directory; choose another folder")
