"""The slaves of a local run, over processes that exist in this test alone."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from made_results import result

from ringrun.core.node import SlaveId
from ringrun.local.folders import Folders, make_folders
from ringrun.local.options import RunOptions
from ringrun.local.slaves import Slaves, cause_of


@dataclass(eq=False)
class Process:
    """What `Slaves` looks at in a child."""

    name: str
    alive: bool = True
    code: int | None = None
    cause: str = ""
    killed: int = 0

    def kill(self) -> None:
        self.killed += 1

    def end(self, code: int, cause: str) -> None:
        self.alive, self.code, self.cause = False, code, cause


@dataclass
class Started:
    """Slaves, and the process of each."""

    folders: Folders
    processes: dict[SlaveId, Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slaves = Slaves(self.folders, self._start)  # type: ignore[arg-type]

    def _start(self, node: SlaveId) -> Process:
        self.processes[node] = Process(str(node))
        return self.processes[node]

    def start(self, *nodes: SlaveId) -> None:
        for node in nodes:
            self.slaves.start(node)


@pytest.fixture
def started(tmp_path: Path) -> Started:
    return Started(make_folders("test", RunOptions(run_dir=tmp_path / "run")))


FIRST, SECOND, AGAIN = SlaveId(0, 1), SlaveId(1, 1), SlaveId(0, 2)


def test_a_slave_is_seen_from_its_start_and_has_an_address_once_it_listens(
    started: Started,
) -> None:
    """Port 0 means none yet."""
    started.start(SECOND, FIRST)
    assert [(seen.node, seen.port) for seen in started.slaves.seen] == [(SECOND, 0), (FIRST, 0)]
    child = started.processes[FIRST]
    started.slaves.listens(child, "127.0.0.1", 7)  # type: ignore[arg-type]
    second, first = started.slaves.seen
    assert (first.host, first.port, first.ended) == ("127.0.0.1", 7, False)
    assert (second.host, second.port) == ("", 0)


def test_a_process_that_is_no_slave_here_gives_nobody_an_address(started: Started) -> None:
    """A slave that was forgotten may have said its last."""
    started.start(FIRST)
    started.slaves.listens(Process(str(FIRST)), "127.0.0.1", 7)  # type: ignore[arg-type]
    [seen] = started.slaves.seen
    assert seen.port == 0


def test_a_slave_that_ended_is_still_seen_but_lives_no_more(started: Started) -> None:
    """The supervisor has to learn of its death, cause included; the others are as they were."""
    started.start(FIRST, SECOND)
    started.processes[FIRST].end(-9, "killed by SIGKILL")
    assert [child.name for child in started.slaves.living] == ["s1-1"]
    first, second = started.slaves.seen
    assert (first.ended, first.cause) == (True, "killed by SIGKILL")
    assert (second.ended, second.cause) == (False, "")


def test_a_result_is_asked_for_once_the_slave_has_ended(started: Started) -> None:
    """Before that it may be half written."""
    started.start(FIRST)
    kept = result(0, "abc")
    path = started.folders.run_dir / "results" / "s0-1.json"
    path.write_bytes(msgspec.json.encode(kept))
    assert [seen.result for seen in started.slaves.seen] == [None]
    started.processes[FIRST].end(0, "exit code 0")
    assert [seen.result for seen in started.slaves.seen] == [kept]


def test_who_is_condemned_is_killed_and_the_cause_is_ours(started: Started) -> None:
    """`killed by SIGKILL` would send the user to look for who did it."""
    started.start(FIRST, SECOND)
    started.slaves.condemn(FIRST)
    assert [process.killed for process in started.processes.values()] == [1, 0]
    for process in started.processes.values():
        process.end(-9, "killed by SIGKILL")
    assert [seen.cause for seen in started.slaves.seen] == [
        "killed 10 s after it left the ring",
        "killed by SIGKILL",
    ]


def test_the_dead_are_forgotten_once_they_have_ended(started: Started) -> None:
    """The orders may call one dead whose process lives on; and may name one twice."""
    started.start(FIRST, SECOND, AGAIN)
    started.processes[FIRST].end(1, "exit code 1")
    started.slaves.forget([FIRST, SECOND, SlaveId(7, 1)])
    assert [seen.node for seen in started.slaves.seen] == [SECOND, AGAIN]
    started.slaves.forget([FIRST])
    assert [seen.node for seen in started.slaves.seen] == [SECOND, AGAIN]


@pytest.mark.parametrize(
    ("code", "cause", "text"),
    [
        (3, "exit code 3", "exit code 3: nothing works"),
        (0, "exit code 0", "exit code 0"),
        (-9, "killed by SIGKILL", "killed by SIGKILL"),
    ],
)
def test_who_failed_says_why_and_who_was_killed_could_not(
    started: Started, code: int, cause: str, text: str
) -> None:
    """What stands last in the log of one that was killed has nothing to do with its end."""
    started.folders.log("s0-1").write_text("at work\nnothing works\n")
    process = Process("s0-1")
    process.end(code, cause)
    assert cause_of(process, started.folders) == text  # type: ignore[arg-type]


def test_who_failed_without_a_word_has_its_exit_code_alone(started: Started) -> None:
    process = Process("s0-1")
    process.end(70, "exit code 70")
    assert cause_of(process, started.folders) == "exit code 70"  # type: ignore[arg-type]
