"""A supervisor over processes that do nothing: what it says to them, and when the run is over.

What they would say and store, these tests say and store in their place.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ringrun.core.node import MasterId
from ringrun.core.orders import Orders
from ringrun.core.outputs import Live
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.local import supervisor
from ringrun.local.display.interface import Silent
from ringrun.local.ending import Ending
from ringrun.local.folders import Folders, make_folders
from ringrun.local.interrupts import Interrupts
from ringrun.local.options import RunOptions
from ringrun.local.supervisor import Supervisor
from ringrun.record.file import FileRecordStore, FileReportStore
from ringrun.spec import FailurePolicy, RunSpec

SPEC = RunSpec.from_document({"nodes": 2}, name="demo")
SLEEP = shutil.which("sleep") or "sleep"


def interrupt(times: int) -> None:
    """Ctrl-C."""
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)


class Scene(Silent):
    """A run; `then` is called at every look, with the record and the orders as they are.

    `kept` are the orders on disk when each child was started.
    """

    def __init__(self, run_dir: Path, then: Callable[["Scene", Record, Orders], None]) -> None:
        self.spec = SPEC
        self.folders: Folders = make_folders("demo", RunOptions(run_dir=run_dir))
        self.pids: dict[str, int] = {}
        self.kept: dict[str, bytes] = {}
        self.arguments: dict[str, tuple[str, ...]] = {}
        self.lost: list[tuple[MasterId, bool]] = []
        self.figures: list[int] = []
        self._ends: dict[str, socket.socket] = {}
        self._then = then

    def play(self) -> Ending:
        """The run from start to end; then every process must be gone."""
        try:
            with Interrupts() as interrupts:
                return asyncio.run(self.run(interrupts))
        finally:
            for pid in self.pids.values():
                with pytest.raises(ProcessLookupError):
                    os.kill(pid, 0)

    async def run(self, interrupts: Interrupts) -> Ending:
        # What does not end is a fault, and is shown as one.
        async with asyncio.timeout(20):
            return await Supervisor(self.spec, self.folders, self, start=self._start).run(
                interrupts
            )

    def _start(self, name: str, arguments: Sequence[str], channel: int, log: Path) -> int:
        self._ends[name] = socket.socket(fileno=os.dup(channel))
        self.arguments[name] = tuple(arguments)
        self.kept[name] = self.folders.orders.read_bytes()
        self.pids[name] = os.posix_spawn(SLEEP, [SLEEP, "60"], {}, setsid=True)
        return self.pids[name]

    def say(self, name: str, message: object) -> None:
        """As this child."""
        self._ends[name].sendall(json.dumps(message).encode() + b"\n")

    def told(self, name: str) -> list[dict[str, Any]]:
        """What this child has been told."""
        end = self._ends[name]
        end.setblocking(False)
        return [json.loads(line) for line in end.recv(1 << 20).splitlines()]

    def store(self, record: Record, report: dict[str, Any] | None = None) -> None:
        """As the leader."""
        FileRecordStore(self.folders.record).write(record)
        if report is not None:
            FileReportStore(self.folders.report).write(0, report)

    def close(self) -> None:
        """The display is closed by `run`, which has no part in this; here the children's ends."""
        for end in self._ends.values():
            end.close()

    def look(self, record: Record | None, orders: Orders, seconds: float) -> None:
        self._then(self, record or Record(), orders)

    def live(self, live: Live) -> None:
        self.figures.append(live.approved)

    def master_lost(self, master: MasterId, *, leading: bool) -> None:
        self.lost.append((master, leading))


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Stage]":
    """Makes scenes. Who does not end by itself is not waited for here."""
    monkeypatch.setattr(supervisor, "LEAVE_PATIENCE", 0.01)
    scenes: list[Scene] = []

    def make(then: Callable[[Scene, Record, Orders], None]) -> Scene:
        scenes.append(Scene(tmp_path / "run", then))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.close()


Stage = Callable[[Callable[[Scene, Record, Orders], None]], Scene]


def test_a_complete_report_ends_the_run_with_no_process_left(stage: Stage) -> None:
    """Neither slaves nor masters need say anything more."""
    stopped = Record(version=1, epoch=1, phase=Phase.STOP)
    report = {"complete": True, "a": 1}

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if record.version == 0:
            scene.store(stopped, report)

    ending = stage(then).play()
    assert (ending.document, ending.draft, ending.reason) == (report, None, None)
    assert not ending.interrupted
    assert ending.record == stopped


def test_a_draft_is_no_report_and_after_a_second_ctrl_c_nothing_is_waited_for(
    stage: Stage,
) -> None:
    """What there is of it is kept for the report that is made without a leader."""
    stopped = Record(version=1, epoch=1, phase=Phase.STOP)

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if record.version == 0:
            scene.store(stopped, {"complete": False})
        else:
            interrupt(2)

    ending = stage(then).play()
    assert (ending.document, ending.draft) == (None, {"complete": False})
    assert ending.reason == Reason(Why.INTERRUPTED)
    assert ending.interrupted


def test_after_one_ctrl_c_the_leader_is_asked_to_stop_and_its_report_stands(stage: Stage) -> None:
    """The exit code will tell of the interruption; the report is whole."""
    asked: list[Orders] = []

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if orders.phase is Phase.STOP and not asked:
            asked.append(orders)
            scene.store(Record(version=1, phase=Phase.STOP), {"complete": True})
        elif not asked and len(scene.pids) == 4:
            interrupt(1)

    ending = stage(then).play()
    assert ending.document == {"complete": True}
    assert ending.interrupted
    assert ending.orders.stop_reason == Reason(Why.INTERRUPTED)


def test_what_is_ordered_stays_the_reason_whatever_is_wished_for_later(stage: Stage) -> None:
    """A leader would record the first as well; who waits no longer does not change why."""
    steps: list[str] = []

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if orders.phase is Phase.STOP and not steps:
            steps.append("ordered")
            interrupt(1)
        elif steps == ["ordered"]:
            steps.append("interrupted")
            for name in ("m0-1", "m1-1"):
                os.kill(scene.pids[name], signal.SIGKILL)
        elif not steps and len(scene.pids) == 4:
            os.kill(scene.pids["s0-1"], signal.SIGKILL)

    scene = stage(then)
    scene.spec = replace(SPEC, on_slave_failure=FailurePolicy.FAIL)
    ending = scene.play()
    assert ending.reason is not None
    assert ending.reason.word is Why.SLAVE_FAILED
    assert ending.interrupted


def test_children_are_told_who_they_are_and_masters_what_is_ordered(stage: Stage) -> None:
    """The run's token is one for all, and goes by the channel, where nobody else reads."""

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if len(scene.pids) == 4:
            interrupt(2)

    scene = stage(then)
    scene.play()
    assert scene.arguments == {
        "s0-1": ("slave", "--ordinal", "0", "--incarnation", "1"),
        "s1-1": ("slave", "--ordinal", "1", "--incarnation", "1"),
        "m0-1": ("master", "--number", "0", "--incarnation", "1"),
        "m1-1": ("master", "--number", "1", "--incarnation", "1"),
    }
    told = {name: scene.told(name) for name in scene.pids}
    setups = [lines[0]["setup"] for lines in told.values()]
    assert setups[1:] == setups[:-1]
    token = setups[0].pop("token")
    assert len(bytes.fromhex(token)) == 32
    # For everybody's eyes, so it is not made of the token.
    run_id = setups[0].pop("id")
    assert len(bytes.fromhex(run_id)) == 8
    assert run_id not in token
    assert setups[0] == {
        "run": "demo",
        "spec": SPEC.as_document(),
        "journal": None,
        "runDir": str(scene.folders.run_dir),
        "debug": False,
    }
    assert [len(told[name]) for name in ("s0-1", "s1-1")] == [1, 1]
    assert all("orders" in told[name][1] for name in ("m0-1", "m1-1"))


def test_orders_are_kept_in_a_file_before_masters_are_told(stage: Stage) -> None:
    """Once all slaves listen, the roster has an address for each."""
    said: list[str] = []

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if not said:
            for port, name in enumerate(("s0-1", "s1-1"), start=7):
                scene.say(name, {"listening": ["127.0.0.1", port]})
                said.append(name)
        elif orders.complete:
            interrupt(2)

    scene = stage(then)
    ending = scene.play()
    kept = msgspec.json.decode(scene.folders.orders.read_bytes(), type=Orders)
    assert kept == ending.orders
    assert [(member.ordinal, member.port) for member in kept.roster] == [(0, 7), (1, 8)]
    complete = [line["orders"]["complete"] for line in scene.told("m0-1")[1:]]
    assert complete[0] is False
    assert True in complete


def test_a_slave_is_started_once_the_orders_that_name_it_are_kept(stage: Stage) -> None:
    """Its incarnation is used from then on, whatever becomes of it (G12)."""
    scene = stage(lambda scene, record, orders: interrupt(2))
    scene.play()
    for name in ("s0-1", "s1-1"):
        kept = msgspec.json.decode(scene.kept[name], type=Orders)
        assert name in {str(member.node) for member in kept.roster}


def test_a_master_that_is_lost_is_told_with_whether_it_led(stage: Stage) -> None:
    """By the record that was read last."""

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if record.version == 0:
            scene.store(Record(version=1, epoch=1, holder="m0-1"))
        elif not scene.lost:
            for name in ("m0-1", "m1-1"):
                os.kill(scene.pids[name], signal.SIGKILL)
        if len(scene.lost) == 2:
            interrupt(2)

    scene = stage(then)
    scene.play()
    assert sorted(scene.lost) == [(MasterId(0, 1), True), (MasterId(1, 1), False)]


def test_figures_of_a_leader_that_was_replaced_are_not_shown(stage: Stage) -> None:
    """It may not have noticed yet; the bar would jump back and forth."""

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if record.version == 0:
            scene.store(Record(version=1, epoch=2, holder="m1-1"))
        elif not scene.figures:
            for approved, name in ((1, "m0-1"), (2, "m1-1")):
                live = Live(approved=approved, rate=1.0, p99=0.0, elapsed=0.1)
                scene.say(name, {"live": msgspec.to_builtins(live)})
        else:
            interrupt(2)

    scene = stage(then)
    scene.play()
    assert set(scene.figures) == {2}


def test_what_goes_wrong_in_a_callback_ends_the_run_with_its_cause(stage: Stage) -> None:
    """asyncio alone would log it and go on for ever."""

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        raise BrokenPipeError("nobody answers")

    with pytest.raises(BrokenPipeError, match="nobody answers"):
        stage(then).play()


def test_orders_that_cannot_be_kept_end_the_run_with_why(stage: Stage) -> None:
    """A full disk, or a folder that somebody has removed: nothing may follow from them."""
    said: list[str] = []

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if not said:
            said.append("listening")
            shutil.rmtree(scene.folders.run_dir)
            for port, name in enumerate(("s0-1", "s1-1"), start=7):
                scene.say(name, {"listening": ["127.0.0.1", port]})

    ending = stage(then).play()
    text = "the orders cannot be kept: No such file or directory"
    assert ending.reason == Reason(Why.RECORD_LOST, text)
    assert not ending.interrupted


def test_a_run_whose_lines_nobody_reads_is_stopped_in_an_orderly_way(stage: Stage) -> None:
    """As after Ctrl-C: the leader is asked to, and its report stands."""
    asked: list[Orders] = []

    def then(scene: Scene, record: Record, orders: Orders) -> None:
        if orders.phase is Phase.STOP and not asked:
            asked.append(orders)
            scene.store(Record(version=1, phase=Phase.STOP), {"complete": True})
        elif not asked and len(scene.pids) == 4:
            scene.gone = True

    ending = stage(then).play()
    assert ending.document == {"complete": True}
    assert (ending.interrupted, ending.unread) == (False, True)
    gone = Reason(Why.INTERRUPTED, "whoever read its lines has gone")
    assert ending.orders.stop_reason == gone


def test_interrupts_before_the_supervisor_began_are_not_lost(stage: Stage) -> None:
    """Loading takes a while, and so does making folders."""
    scene = stage(lambda scene, record, orders: None)

    async def run() -> Ending:
        with Interrupts() as interrupts:
            interrupt(2)
            return await scene.run(interrupts)

    ending = asyncio.run(run())
    assert (ending.interrupted, ending.reason) == (True, Reason(Why.INTERRUPTED))
    assert not any(name.startswith("s") for name in scene.pids)
