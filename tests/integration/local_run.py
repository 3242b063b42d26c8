"""`ringrun run` as its user has it: a process, its children, its signals, its output. For tests."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """The environment in which `python -m ringrun` finds this source tree."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "node"), "PYTHONWARNINGS": "error"}


class LocalRun:
    """One run under way, in a folder of its own. Used as a context: nothing is left after it."""

    def __init__(self, folder: Path, *arguments: str, output: str = "json") -> None:
        self.run_dir = folder / "run"
        self._children: dict[int, str] = {}
        self.started = time.monotonic()
        command = [sys.executable, "-m", "ringrun", "run", "--run-dir", str(self.run_dir)]
        self.process = subprocess.Popen(
            [*command, "--output", output, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    # What there is to see

    def record(self) -> dict[str, Any]:
        """The newest record; empty before the first."""
        while True:
            try:
                names = os.listdir(self.run_dir / "record")
                numbers = [int(name[7:]) for name in names if name.startswith("record.")]
                if not numbers:
                    return {}
                newest: dict[str, Any] = json.loads(
                    (self.run_dir / "record" / f"record.{max(numbers)}").read_bytes()
                )
            except FileNotFoundError:
                if not self.run_dir.exists():
                    return {}
                continue
            return newest

    def children(self) -> dict[str, int]:
        """Names (`s0-1`, `m1-2`) and process ids of the children that live."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        found = {}
        for pid in map(int, listed.split()):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if "--incarnation" not in words:
                continue
            incarnation = words[words.index("--incarnation") + 1]
            if "--ordinal" in words:
                name = f"s{words[words.index('--ordinal') + 1]}-{incarnation}"
            else:
                name = f"m{words[words.index('--number') + 1]}-{incarnation}"
            found[name] = pid
            self._children[pid] = name
        return found

    def left_behind(self) -> list[str]:
        """Children ever seen that live on, zombies not counted."""
        return [name for pid, name in self._children.items() if lives(pid)]

    def until(self, true: Callable[[], bool], seconds: float = 15.0) -> None:
        """Wait for something to become true, and note the children there are."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"waited in vain for {seconds:g} s"
            assert self.process.poll() is None, f"the run ended: {self.process.communicate()}"
            time.sleep(0.01)

    def until_phase(self, phase: str) -> None:
        """Wait until the record says so."""
        self.until(lambda: self.record().get("phase") == phase)
        self.children()

    # What can be done to it

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the child of this name."""
        os.kill(self.children()[name], number)

    def newest(self, place: str) -> str:
        """The newest incarnation of `s2` or `m0` that lives."""
        names = [name for name in self.children() if name.startswith(f"{place}-")]
        return max(names, key=lambda name: int(name.split("-")[1]))

    def holder(self) -> str:
        """Who leads."""
        return str(self.record().get("holder", ""))

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Ctrl-C, or SIGTERM."""
        self.process.send_signal(number)

    # What comes of it

    def end(self, seconds: float = 40.0) -> tuple[int, str, str]:
        """Wait for the end: exit code, stdout, stderr."""
        out, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, errors

    def report(self, seconds: float = 40.0) -> tuple[int, dict[str, Any]]:
        """Wait for the end: exit code and the report on stdout."""
        code, out, errors = self.end(seconds)
        assert out.count("\n") == 1, (out, errors)
        report: dict[str, Any] = json.loads(out)
        return code, report


def lives(pid: int) -> bool:
    """Whether this process runs, or is stopped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def agreed(report: dict[str, Any], slaves: int) -> None:
    """The verdict is Agreed, and by our own look at it rightly so."""
    assert report["verdict"] == "Agreed", report["reason"]
    final = [each for each in report["slaves"] if each["final"]]
    assert len(final) == slaves
    tallies = {(each["count"], each["sumExact"], each["digest"]) for each in final}
    assert tallies == {(report["count"], report["sumExact"], report["digest"])}
