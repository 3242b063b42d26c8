"""A desk to type a page's commands at: a checkout, a shell, and programs that touch nothing else.

Used by the tests of the transcripts, here and in tests/e2e. All commands of a page are typed in one
shell, in their order, so a folder that one writes is there for the next, as for a reader.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from page_blocks import ROOT, Step

# The ports of the experiment, which others on the machine may have taken.
_PORTS = range(10501, 10506)
_MARK = "\x1e"
# How long somebody takes to type the next command while something runs in the background.
_TYPING = 1.0
# By a name alone it would meet other runs on this machine: children of this shell's programs only.
# Who types it has seen that there is such a node; here it is waited for.
_PKILL = """\
#!/bin/sh
case " $* " in *" -P "*) exec {0} "$@" ;; esac
for look in $(seq 100); do
  {0} -P "$(pgrep -d, --session 0 .)" "$@" && exit
  sleep 0.1
done
exit 1
"""


class Meanwhile:
    """What somebody does in another terminal: it can wait for what is said, and kill."""

    def __init__(self, shell: "subprocess.Popen[bytes]", transcript: Path, mark: str) -> None:
        self._shell, self._transcript, self._mark = shell, transcript, mark

    def until(self, pattern: str) -> re.Match[str]:
        """The first place in what the command has said by now or says yet; AssertionError if it
        ends without."""
        while True:
            ended = self._shell.poll() is not None
            text = self._transcript.read_text(encoding="utf-8")
            found = re.search(pattern, text.partition(self._mark)[2])
            if found is not None:
                return found
            assert not ended, f"{pattern!r} was not said:\n{text}"
            time.sleep(0.02)

    def kill(self, name: str) -> None:
        """The process of this name that belongs to this shell."""
        session = ["pgrep", "-d,", "--session", str(self._shell.pid), "."]
        parents = subprocess.run(session, capture_output=True, text=True, check=True).stdout
        subprocess.run(["pkill", "-9", "-P", parents.strip(), "-x", name], check=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What came of a step: the lines that it said, and its exit code."""

    step: Step
    said: tuple[str, ...]
    code: int


class Desk:
    """A checkout in a folder of its own, whose programs are those of this tree."""

    def __init__(self, folder: Path, *, activated: bool, **environment: str) -> None:
        self._checkout, tools = folder / "checkout", folder / "tools"
        self._ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        self._check_out()
        self._install(tools)
        (folder / "runtime").mkdir(mode=0o700)
        path = [tools, *[self._checkout / ".venv" / "bin"] * activated, os.environ["PATH"]]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        self._environment = {
            **kept,
            "PATH": ":".join(map(str, path)),
            "PYTHONPATH": f"{ROOT / 'node'}:{ROOT / 'operator'}",
            # Slaves by hand that others have started here are not ours.
            "XDG_RUNTIME_DIR": str(folder / "runtime"),
            "TMPDIR": str(folder),
            **environment,
        }

    def type(
        self,
        steps: Sequence[Step],
        meanwhile: Mapping[str, Callable[[Meanwhile], None]],
        seconds: float = 120.0,
    ) -> list[Typed]:
        """What came of each step; of those that run on in the background, until the last one ended.
        `meanwhile` has what somebody does beside a command."""
        transcript = self._checkout.parent / "transcript"
        script = ["exec </dev/null"]
        for number, step in enumerate(steps):
            script += [
                '[ -z "$(jobs -rp)" ] || sleep '
                + ("0" if _at_once(step.command) else str(_TYPING)),
                f"printf '{_MARK}{number}\\n'",
                f"(exit ${{code:-0}})\n{self._here(step.command)}",
                f"code=$?; printf '{_MARK}code %d\\n' $code",
            ]
        shell = self.start("\n".join(script), transcript)
        try:
            for number, step in enumerate(steps):
                if step.command in meanwhile:
                    meanwhile[step.command](Meanwhile(shell, transcript, f"{_MARK}{number}\n"))
            shell.wait(timeout=seconds)
        finally:
            # What still runs in the background ends as well.
            subprocess.run(["pkill", "-KILL", "--session", str(shell.pid)], check=False)
            shell.wait()
        text = transcript.read_text(encoding="utf-8")
        for port, mine in self._ports.items():
            text = re.sub(rf"(?<=[: ]){mine}\b", str(port), text)
        parts = re.split(rf"{_MARK}\d+\n", text)[1:]
        assert len(parts) == len(steps), text
        return [_typed(step, part) for step, part in zip(steps, parts, strict=True)]

    def start(self, script: str, transcript: Path) -> "subprocess.Popen[bytes]":
        """A shell in a session of its own, which types this and appends all that is said."""
        with transcript.open("ab") as out:
            return subprocess.Popen(
                ["bash", "-c", script],
                cwd=self._checkout,
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _here(self, text: str) -> str:
        """A command or a script with the ports that are free here."""
        return re.sub(r"\b1050[1-5]\b", lambda found: str(self._ports[int(found[0])]), text)

    def _check_out(self) -> None:
        """The tree by links, but for what is written there and what names ports."""
        self._checkout.mkdir()
        for entry in ROOT.iterdir():
            if entry.name not in {".git", ".venv", "out", "samples"}:
                (self._checkout / entry.name).symlink_to(entry)
        samples = self._checkout / "samples"
        samples.mkdir()
        for entry in (ROOT / "samples").iterdir():
            (samples / entry.name).write_text(self._here(entry.read_text(encoding="utf-8")))
            (samples / entry.name).chmod(entry.stat().st_mode)

    def _install(self, tools: Path) -> None:
        """What `make install` makes, without installing: .venv, with the programs of this tree."""
        programs = self._checkout / ".venv" / "bin"
        programs.mkdir(parents=True)
        tools.mkdir()
        for name, command in (("ringrun", "-m ringrun"), ("python", ""), ("pytest", "-m pytest")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {sys.executable} {command} "$@"\n')
            program.chmod(0o755)
        (programs / "activate").write_text('PATH="$PWD/.venv/bin:$PATH"\n')
        # Newer than the locks: nothing is to be installed.
        (programs.parent / ".installed").touch()
        pkill = tools / "pkill"
        pkill.write_text(_PKILL.format(shutil.which("pkill")))
        pkill.chmod(0o755)


def _typed(step: Step, part: str) -> Typed:
    found = re.search(rf"{_MARK}code (\d+)\n", part)
    assert found is not None, f"{step.command}: not ended: {part}"
    said = (part[: found.start()] + part[found.end() :]).splitlines()
    while said and not said[-1]:
        said.pop()
    return Typed(step=step, said=tuple(said), code=int(found[1]))


def _at_once(command: str) -> bool:
    """Whether nothing has to have happened before this is typed."""
    return command.endswith("&") or command.startswith("pkill ")


def _free_ports(number: int) -> list[int]:
    """As many ports that nobody listens on."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    found = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return found
