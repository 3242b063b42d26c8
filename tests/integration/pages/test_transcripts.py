"""Every transcript of the README and of docs is what the program says: run, and held to the page.

Figures differ from machine to machine, so numbers, digests and units are masked; what is said, and
in which order, is not. A block that is not run here is listed with the reason.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench" / "README.md"])

# Blocks that are not run here, by their first command, and who runs them instead.
ELSEWHERE = {
    "kubectl apply -k deploy": "needs a cluster: tests/e2e runs all of it (make e2e)",
    "make simulate": "takes minutes: test_simulate_interrupted.py interrupts a shorter one",
    "ringrun slave 127.0.0.1 10502 &": "fixed ports: test_byhand.py does the same with free ones",
}


@dataclass(frozen=True)
class Block:
    """A fenced block with commands: each with the lines that it prints."""

    page: str
    line: int
    steps: tuple[tuple[str, tuple[str, ...]], ...]


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page in which something is typed."""
    lines = page.read_text(encoding="utf-8").split("\n")
    begin = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if begin is None:
            begin = number + 1
            continue
        steps: list[tuple[str, list[str]]] = []
        for each in lines[begin:number]:
            if each.startswith("$ "):
                steps.append((each[2:], []))
            elif steps:
                steps[-1][1].append(each)
        if steps:
            name = str(page.relative_to(ROOT))
            yield Block(name, begin, tuple((one, tuple(two)) for one, two in steps))
        begin = None


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
RUN = [block for block in BLOCKS if block.steps[0][0].split("  ")[0] not in ELSEWHERE]


def masked(line: str) -> str:
    """A line without its figures."""
    line = re.sub(r"[0-9a-f]{8}…", "DIGEST", line)
    line = re.sub(r"\d[\d,]*(\.\d+)?", "#", line)
    line = re.sub(r"# (ms|s|kB|MB|GB)\b", "# UNIT", line)
    return " ".join(line.split())


def is_figure(line: str) -> bool:
    """One line a second in SEND: how many there are, the machine decides."""
    return re.match(r"SEND +[\d.]+ s left ", line) is not None


def assert_said(wanted: tuple[str, ...], said: str) -> None:
    """The lines of the page came, in this order; `...` stands for any."""
    lines = [masked(line) for line in said.rstrip("\n").split("\n") if not is_figure(line)]
    patterns = [masked(line) for line in wanted if not is_figure(line)]
    while patterns and not patterns[-1]:
        patterns.pop()
    at, skips = 0, False
    for pattern in patterns:
        if pattern == "...":
            skips = True
            continue
        while skips and at < len(lines) and lines[at] != pattern:
            at += 1
        assert at < len(lines), f"{pattern!r} did not come:\n{said}"
        assert lines[at] == pattern, said
        at, skips = at + 1, False
    assert skips or at == len(lines) or not patterns, said


def kill_two(run: "subprocess.Popen[str]") -> None:
    """As the page tells: slave 2, and a second later the master that START names."""
    assert run.stdout is not None
    leader = ""
    while not leader:
        found = re.search(r"(m\d) leads", run.stdout.readline())
        leader = f"{found[1]}-1" if found else ""
    for name in ("s2-1", leader):
        time.sleep(0.9)
        os.kill(child_of(run.pid, name), signal.SIGKILL)


def child_of(pid: int, name: str) -> int:
    """The process of this name below this one."""
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").iterdir():
            for child in (task / "children").read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == name:
                    return int(child)
                waiting.append(int(child))
    raise AssertionError(f"no {name} below {pid}")


MEANWHILE: dict[str, Callable[["subprocess.Popen[str]"], None]] = {
    "ringrun run --send 3s --journal out": kill_two
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout to type in: what is written there is not written here."""
    folder = tmp_path_factory.mktemp("checkout")
    for entry in ROOT.iterdir():
        if entry.name not in {"out", "report.json"}:
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """As after `. .venv/bin/activate`, with the program of this tree."""
    program = tmp_path_factory.mktemp("bin") / "ringrun"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ringrun "$@"\n')
    program.chmod(0o755)
    path = os.pathsep.join(each for each in sys.path if each)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return {**kept, "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": path}


@pytest.mark.parametrize("block", RUN, ids=lambda block: f"{block.page}:{block.line}")
def test_a_transcript_is_what_is_said(
    block: Block, checkout: Path, environment: dict[str, str]
) -> None:
    """Each command of the block in turn; `echo $?` is the one before it."""
    code = 0
    for command, wanted in block.steps:
        if command == "echo $?":
            assert wanted == (str(code),)
            continue
        if command.startswith("make ") and not (ROOT / ".venv" / ".installed").exists():
            pytest.skip("make would install for a minute: there is no .venv here")
        with subprocess.Popen(
            ["bash", "-c", command],
            cwd=checkout,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as run:
            meanwhile = MEANWHILE.get(command)
            head = ""
            if meanwhile is not None:
                # What it reads is not lost: only the first two lines, which are known.
                assert run.stdout is not None
                head = run.stdout.readline()
                meanwhile(run)
                head += wanted[1] + "\n"
            said = head + run.communicate(timeout=60)[0]
            code = run.returncode
        assert_said(wanted, said)


def test_what_is_not_run_here_is_on_a_page() -> None:
    """The list of exceptions holds nothing that is gone."""
    commands = {block.steps[0][0].split("  ")[0] for block in BLOCKS}
    assert set(ELSEWHERE) <= commands


def test_there_are_transcripts() -> None:
    """Else nothing here would say anything."""
    assert len(RUN) >= 6
    assert shutil.which("bash")
