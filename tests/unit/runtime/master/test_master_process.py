"""A master's process around a core by script: what it brings to it, and what it does for it."""

import asyncio
import io
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest

from ringrun.core.messages import Heartbeat
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.notes import Note
from ringrun.core.orders import Orders
from ringrun.core.outputs import (
    Beat,
    Drop,
    Event,
    EventKind,
    Exit,
    Live,
    Outcome,
    Output,
    ReadRecord,
    ReadReport,
    Send,
    StoodDown,
    WriteRecord,
    WriteReport,
)
from ringrun.core.record import Record
from ringrun.record.store import StoreError
from ringrun.runtime.journal import Journal
from ringrun.runtime.log import Log
from ringrun.runtime.master.process import MasterProcess

RECORD = Record().evolve(holder="m0-1")
LIVE = Live(approved=1, rate=2.0, p99=3.0, elapsed=4.0)
EVENT = Event(EventKind.SAME_MEMBERS, "text", 1.0, "SEND")


class Core:
    """Leaves behind what is in `outputs` at first, and ends at the first call if it `ends` at all.

    `calls` has what it was called for, without the time.
    """

    def __init__(self, *outputs: Output, ends: bool = True) -> None:
        self.me = MasterId(0, 1)
        self.notes: list[tuple[object, ...]] = []
        self.outputs = list(outputs)
        self.deadline = self.next_deadline = inf
        self.calls: list[tuple[object, ...]] = []
        self.ends = ends

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Any call of a core; the time is its last argument."""

        def call(*what: object) -> None:
            self.calls.append((name, *what[:-1]))
            self.deadline = self.next_deadline
            if self.ends:
                self.outputs.append(Exit(0))

        return call


class Store:
    """Answers every request with the same, or raises it."""

    def __init__(self, answer: object) -> None:
        self._answer = answer
        self.asked: list[tuple[object, ...]] = []

    async def read(self) -> Any:
        return await self.write()

    async def write(self, *what: object) -> Any:
        self.asked.append(what)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class Run:
    """One run of a process, to its end."""

    def __init__(
        self,
        core: Core,
        *,
        store: Store | None = None,
        journal: Journal | None = None,
        meanwhile: Callable[[MasterProcess], None] = lambda process: None,
    ) -> None:
        self.shown: list[Event | Live] = []
        self._said = io.StringIO()
        self.store = store or Store(None)
        self.code, self.reason = asyncio.run(self._run(core, journal, meanwhile))

    async def _run(
        self, core: Core, journal: Journal | None, meanwhile: Callable[[MasterProcess], None]
    ) -> tuple[int, str]:
        process = MasterProcess(
            core,  # type: ignore[arg-type]
            run="r",
            token=b"",
            record=self.store,
            report=self.store,
            log=Log("m0-1", stream=self._said),
            show=self.shown.append,
            journal=journal,
        )
        running = asyncio.ensure_future(process.run())
        await asyncio.sleep(0)
        meanwhile(process)
        async with asyncio.timeout(20):
            return await running, process.reason

    @property
    def lines(self) -> list[str]:
        """What was said, without the times."""
        return [line.split(": ", 1)[1] for line in self._said.getvalue().splitlines()]


def test_exit_is_the_end_and_nothing_is_done_after_it() -> None:
    """Its code and its reason are the process's."""
    run = Run(Core(LIVE, Exit(3, "nobody leads"), EVENT))
    assert (run.code, run.reason, run.lines) == (3, "nobody leads", ["nobody leads"])
    assert run.shown == [LIVE]


def test_what_is_shown_comes_in_order() -> None:
    """A leader that stood down is a line of the log."""
    run = Run(Core(EVENT, LIVE, StoodDown(3, "m1-1 leads"), EVENT, Exit(0)))
    assert run.shown == [EVENT, LIVE, EVENT]
    assert run.lines == ["m1-1 leads"]


LOST = StoreError("gone")


@pytest.mark.parametrize(
    ("asked", "answer", "call"),
    [
        (ReadRecord(), RECORD, ("record_read", RECORD)),
        (ReadRecord(), LOST, ("record_read", None)),
        (
            WriteRecord(RECORD),
            (Outcome.CONFLICT, RECORD),
            ("record_written", Outcome.CONFLICT, RECORD),
        ),
        (WriteRecord(RECORD), LOST, ("record_written", Outcome.UNKNOWN, None)),
        (ReadReport(), (2, {"a": 1}), ("report_read", 2, {"a": 1})),
        (ReadReport(), LOST, ("report_unreachable",)),
        (
            WriteReport(2, {"a": 1}),
            (Outcome.SAVED, 3, {"a": 1}),
            ("report_written", Outcome.SAVED, 3, {"a": 1}),
        ),
        (WriteReport(2, {"a": 1}), LOST, ("report_written", Outcome.UNKNOWN, 2, None)),
    ],
)
def test_what_a_store_answers_is_brought_to_the_core(
    asked: Output, answer: object, call: tuple[object, ...]
) -> None:
    """A store out of reach is an answer too: nothing is known. It is one line of the log."""
    core = Core(asked)
    run = Run(core, store=Store(answer))
    assert core.calls == [call]
    assert run.store.asked == [tuple(getattr(asked, name) for name in asked.__struct_fields__)]
    assert [line.endswith(": gone") for line in run.lines] == [True] * (answer is LOST)


def test_a_store_that_breaks_down_ends_the_process() -> None:
    """That is our own bug, and not an answer."""
    with pytest.raises(ZeroDivisionError):
        Run(Core(ReadRecord()), store=Store(ZeroDivisionError()))


@pytest.mark.parametrize(
    ("happens", "call"),
    [
        (lambda process: process.orders(Orders(version=7)), ("orders_read", Orders(version=7))),
        (lambda process: process.record_changed(RECORD), ("record_read", RECORD)),
        (lambda process: process.terminate(), ("release",)),
    ],
)
def test_what_happens_is_brought_to_the_core(
    happens: Callable[[MasterProcess], None], call: tuple[object, ...]
) -> None:
    core = Core()
    assert Run(core, meanwhile=happens).code == 0
    assert core.calls == [call]


def test_after_the_end_the_core_is_not_called() -> None:
    """Whatever comes: it is done."""
    core = Core(Exit(0))

    def late(process: MasterProcess) -> None:
        process.orders(Orders(version=7))
        process.terminate()

    Run(core, meanwhile=late)
    assert core.calls == []


def test_a_deadline_comes_before_what_happens() -> None:
    """Once for each time that it has passed."""
    core = Core(ends=False)

    def late(process: MasterProcess) -> None:
        core.deadline = 0.0
        process.record_changed(RECORD)
        core.ends = True
        process.terminate()

    Run(core, meanwhile=late)
    assert core.calls == [("tick",), ("record_read", RECORD), ("release",)]


def test_what_comes_after_a_last_deadline_does_not_happen() -> None:
    """The core has ended by then."""
    core = Core()

    def late(process: MasterProcess) -> None:
        core.deadline = 0.0
        process.terminate()

    Run(core, meanwhile=late)
    assert core.calls == [("tick",)]


def test_a_deadline_comes_by_itself() -> None:
    """Nothing else has to happen."""
    core = Core(ends=False)

    def let_pass(process: MasterProcess) -> None:
        core.next_deadline = 0.0
        process.record_changed(RECORD)
        core.ends = True

    Run(core, meanwhile=let_pass)
    assert core.calls == [("record_read", RECORD), ("tick",)]


def test_what_could_not_be_written_down_does_not_leave(tmp_path: Path) -> None:
    """A journal hides nothing that others have seen, also when its disk fails."""
    journal = Journal(tmp_path / "j", {})
    journal.close()
    core = Core(LIVE, Exit(0))
    core.notes.append((Note.APPROVED, 1, 5, 0))
    with pytest.raises(OSError, match="file descriptor"):
        Run(core, journal=journal)
    assert core.outputs == [LIVE, Exit(0)]


def test_the_journal_has_the_notes_and_is_closed_at_the_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", {})
    before = (tmp_path / "j").stat().st_size
    core = Core(Exit(0))
    core.notes.append((Note.APPROVED, 1, 5, 0))
    Run(core, journal=journal)
    assert (tmp_path / "j").stat().st_size > before
    with pytest.raises(OSError, match="file descriptor"):
        journal.write([(Note.APPROVED, 1, 6, 0)], 1.0)


def test_what_is_for_a_slave_without_a_link_is_lost() -> None:
    """And nobody is told."""
    slave = SlaveId(0, 1)
    run = Run(Core(Send(slave, Heartbeat()), Drop(slave, "no"), Exit(0)))
    assert run.lines == []


def test_what_is_a_slave_s_to_ask_for_is_our_own_bug() -> None:
    with pytest.raises(AssertionError, match="does not ask for Beat"):
        Run(Core(Beat(())))
