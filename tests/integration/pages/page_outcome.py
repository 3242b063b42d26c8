"""A page held to what was typed of it, or written anew from it (RINGRUN_REWRITE=1).

Used by the tests of the transcripts, here and in tests/e2e.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from page_blocks import ROOT
from page_masks import differs, renewed
from page_shell import Typed


def hold(page: str, typed: Sequence[Typed]) -> None:
    """Fail with every place where something else was said. A command that fails must be shown to
    fail, by `echo $?` after it."""
    if os.environ.get("RINGRUN_REWRITE"):
        rewrite(ROOT / page, typed)
    faults = faults_of(page, typed)
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


def faults_of(page: str, typed: Sequence[Typed]) -> list[str]:
    """What was otherwise than on the page."""
    faults = []
    for each, after in zip(typed, [*typed[1:], None], strict=True):
        place = f"{page}:{each.step.line}: {each.step.command}"
        shown = after is not None and after.step.command == "echo $?"
        if each.code and not shown:
            faults.append(f"{place}: exit code {each.code}, and the page does not say so")
        # Where a page shows nothing, what is said is nobody's concern.
        if each.step.said and (difference := differs(each.step.said, each.said)):
            faults.append(f"{place}:\n{difference}")
    return faults


def rewrite(page: Path, typed: Sequence[Typed]) -> None:
    """Write what was said into the page; from its end, since lines move."""
    lines = page.read_text(encoding="utf-8").split("\n")
    for each in reversed(typed):
        if each.step.said:
            first = each.step.line + each.step.command.count("\n")
            blank = [""] * (not each.step.said[-1])
            lines[first : first + len(each.step.said)] = [
                *renewed(each.step.said, each.said),
                *blank,
            ]
    page.write_text("\n".join(lines), encoding="utf-8")
