"""The golden transcripts of docs/transcripts: runs to read, made again and compared line by line.

Each page has its scenario above, as in tests/simulation/scenarios. A change that is meant to change
them writes them anew: RINGRUN_REWRITE=1, and pytest on this file (docs/simulation.md).
"""

import os
from pathlib import Path

import pytest

from ringrun.simulation.script.script import Script

PAGES = sorted((Path(__file__).parents[2] / "docs" / "transcripts").glob("*.txt"))
RULE = "-" * 8


def made(page: str) -> str:
    """The page with its scenario as it is, and the transcript as the code makes it now."""
    scenario, _, _ = page.partition(f"{RULE}\n")
    script = Script(scenario)
    outcome = script.run()
    assert not script.missed
    assert not outcome.findings
    assert script.trace.telling is not None
    told = [line.text for line in script.trace.telling.lines()]
    return "\n".join([f"{scenario}{RULE}", *told, ""])


def test_there_are_transcripts_to_read() -> None:
    """One of a run without faults, one of a death and a take-over."""
    assert [page.stem for page in PAGES] == ["a-death-and-a-take-over", "a-run-without-faults"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_transcript_is_what_the_code_does(page: Path) -> None:
    """To the last line."""
    before = page.read_text()
    now = made(before)
    if os.environ.get("RINGRUN_REWRITE"):
        page.write_text(now)
    assert now == page.read_text()
