"""What the pages show as typed: their blocks, and in each block the commands with what they print.

Used by the tests of the transcripts, here and in tests/e2e. Runs nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / each / "README.md" for each in ("bench", "charts/ringrun", "tests/cluster")),
    ]
)

# What begins with one of these is a command, whoever wrote it without its `$ `.
_PROGRAMS = (
    "apt-get|curl|docker|eval|for|git|go|helm|kind|kopf|kubectl|make|perf|pip|pipx|pkill|pytest|"
    r"python3?|py-spy|ringrun|ringrun-operator|ruff|samples/\w+\.sh|sudo|taskset|uv"
)
# `ringrun run (` is a process in a picture.
_TYPED = re.compile(
    rf"(?!ringrun run \()\s*(?:[A-Z_]+=\S* )*(?:\S*\.venv/bin/)?(?:{_PROGRAMS})(?= [^=]|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command, without its remark, and the lines under it; the line of the page it is on, from
    1. `said` is None where a page shows nothing of what it prints: a job's step."""

    command: str
    said: tuple[str, ...] | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its lines, and the commands in it, of which it may have none; `info` is the
    word behind its fence."""

    page: str
    line: int
    info: str
    lines: tuple[str, ...]
    steps: tuple[Step, ...]


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order; AssertionError for one that is not closed."""
    begin, info, lines = 0, "", text.split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.startswith("```"):
            continue
        if not begin:
            begin, info = number, line[3:].strip()
            continue
        inside = tuple(lines[begin : number - 1])
        steps = _job(inside, begin + 1) if info == "yaml" else _typed(inside, begin + 1)
        yield Block(page=page, line=begin, info=info, lines=inside, steps=steps)
        begin = 0
    assert not begin, f"{page}:{begin}: this block has no end"


def _typed(lines: tuple[str, ...], first: int) -> tuple[Step, ...]:
    """`$ command`, `> ` where it goes on, and what it prints."""
    steps: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(lines, start=first):
        if line.startswith("$ "):
            steps.append((number, line[2:], []))
        elif line.startswith("> ") and steps and not steps[-1][2]:
            steps[-1] = (steps[-1][0], f"{steps[-1][1]}\n{line[2:]}", [])
        elif steps:
            steps[-1][2].append(line)
    return tuple(
        Step(command=without_remark(command), said=tuple(said), line=number)
        for number, command, said in steps
    )


def _job(lines: tuple[str, ...], first: int) -> tuple[Step, ...]:
    """The commands of a CI job's steps; manifests have none."""
    found = [each for each in yaml.safe_load_all("\n".join(lines)) if isinstance(each, list)]
    scripts = [step["run"] for steps in found for step in steps if "run" in step]
    commands = [line for script in scripts for line in script.splitlines()]
    return tuple(Step(command=command, said=None, line=first) for command in commands)


def without_remark(command: str) -> str:
    """What is typed, without what `#` says about it."""
    return re.sub(r"\s+# .*$", "", command, flags=re.MULTILINE).strip()


def stray_commands(text: str) -> list[str]:
    """Lines of blocks, fenced or indented, that would be typed and have no `$ ` before them."""
    lines = re.findall(r"^ {4}.*$", re.sub(r"(?ms)^```.*?^```", "", text), re.MULTILINE)
    for block in blocks_of(text, ""):
        if block.info == "yaml":
            # A job, whose steps are typed, or a manifest: nothing is typed of it.
            continue
        before = block.steps[0].line - block.line - 1 if block.steps else len(block.lines)
        lines += block.lines[:before]
    return [line.strip() for line in lines if _TYPED.match(line)]


def all_blocks() -> list[Block]:
    """The blocks of every page."""
    return [
        block
        for page in PAGES
        for block in blocks_of(page.read_text(encoding="utf-8"), str(page.relative_to(ROOT)))
    ]
