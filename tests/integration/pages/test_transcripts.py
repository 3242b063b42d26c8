"""Every command that a page shows is typed here, and says what the page says it does.

Each page is typed from its top to its end in one shell (`page_shell`), and what is said is compared
line by line, the machine's figures set aside (`page_masks`). What is not typed here stands in
`page_exceptions` with the reason. After a change that is meant, the pages are written anew by
RINGRUN_REWRITE=1 (CONTRIBUTING.md), and the difference is read.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from page_blocks import PAGES, ROOT, Block, Step, all_blocks, blocks_of, stray_commands
from page_exceptions import NOT_TYPED
from page_masks import differs, masked, renewed
from page_outcome import hold
from page_shell import Desk, Meanwhile


def kill_two(other: Meanwhile) -> None:
    """As the README tells: slave 2, and the master that leads, each after a while in SEND."""
    leader = other.until(r"(m\d) leads")[1]
    time.sleep(0.6)
    other.kill("s2-1")
    other.until("joined")
    time.sleep(0.8)
    other.kill(f"{leader}-1")


MEANWHILE: dict[str, dict[str, Callable[[Meanwhile], None]]] = {
    "README.md": {"ringrun run --send 3s --journal out": kill_two}
}

BLOCKS = all_blocks()


def typed_here(page: str) -> list[Step]:
    """The steps of a page in their order, but the exceptions."""
    left_out = NOT_TYPED.get(page, {})
    steps = [step for block in BLOCKS if block.page == page for step in block.steps]
    return [step for step in steps if step.command not in left_out]


TYPED_PAGES = sorted({block.page for block in BLOCKS if typed_here(block.page)})


@pytest.mark.parametrize("page", TYPED_PAGES)
def test_every_command_says_what_the_page_says(page: str, tmp_path: Path) -> None:
    """In order, in one shell; a command that fails must be shown to fail, by `echo $?` after it."""
    desk = Desk(tmp_path, activated=page != "README.md")
    hold(page, desk.type(typed_here(page), MEANWHILE.get(page, {})))


def test_what_is_not_typed_is_on_its_page() -> None:
    """The list of exceptions holds nothing that has gone."""
    shown = {(block.page, step.command) for block in BLOCKS for step in block.steps}
    listed = {(page, command) for page, reasons in NOT_TYPED.items() for command in reasons}
    listed |= {(page, command) for page, others in MEANWHILE.items() for command in others}
    assert listed - shown == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_command_hides_in_a_block_without_its_prompt(page: Path) -> None:
    """Else nobody would type it here."""
    assert stray_commands(page.read_text(encoding="utf-8")) == []


def test_lines_of_runs_are_as_runs_say_them() -> None:
    """A block that shows a few lines of a run shows lines of one that is typed."""
    said = {masked(line) for block in BLOCKS if block.steps for line in block.lines}
    shown = [
        f"{block.page}: {line}"
        for block in BLOCKS
        if not block.steps
        for line in block.lines
        if line.startswith(("SEND  ", "GRACE  ", "STOP  ", "slave 1")) and masked(line) not in said
    ]
    assert shown == []


# The mechanism itself.


def test_a_block_has_its_commands_with_what_they_print() -> None:
    """Remarks are not typed; a command goes on behind `> `; text above is no output."""
    text = "a\n```\n$ ls  # all\nout\n\n$ for a in b; do\n> done\n```\n```\nno command\n```\n"
    first, second = blocks_of(text, "page.md")
    assert first.steps == (
        Step(command="ls", said=("out", ""), line=3),
        Step(command="for a in b; do\ndone", said=(), line=6),
    )
    assert (second.line, second.steps) == (9, ())


def test_a_job_s_steps_are_typed() -> None:
    """Of a block of YAML, what `run` says."""
    (block,) = blocks_of("```yaml\n- uses: a\n- run: |\n    one\n    two\n```\n", "page.md")
    assert [step.command for step in block.steps] == ["one", "two"]
    (spec,) = blocks_of("```yaml\nkind: RingRun\n```\n", "page.md")
    assert spec.steps == ()


@pytest.mark.parametrize(
    "text",
    [
        "```\nringrun run\n```\n",
        "```\nmake test\n$ make run\n```\n",
        "a\n\n    PYTHONPATH=x .venv/bin/python -m ringrun\n",
        "```\n.venv/bin/ringrun verify out\n```\n",
    ],
)
def test_a_command_without_its_prompt_is_noticed(text: str) -> None:
    """Fenced or indented, alone or above another."""
    assert len(stray_commands(text)) == 1


def test_text_in_blocks_is_no_command() -> None:
    """Pictures and formats."""
    text = "```\nringrun run (supervisor: asyncio)\nrecord   = length u32\nmaker\n```\n"
    assert stray_commands(text) == []


def test_a_script_inside_of_a_manifest_is_no_command() -> None:
    """Such as that of Argo CD, in Lua; a block may hold several manifests."""
    text = "```yaml\ndata:\n  health: |\n    for _, each in pairs(all) do\n---\nkind: Other\n```\n"
    assert stray_commands(text) == []


SEND = "SEND   0.75 s  slave 2 (incarnation 1) lost: killed by SIGKILL; view 2 [0 1 3], cut 2,875"


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (SEND, SEND.replace("0.75", "1.20").replace("2,875", "9")),
        ("0      1            8,175  16,633,786.996  105790ef…", "0  1  9  7.125  00000000…"),
        ("p99 0.42 ms, 4,973/s", "p99 1.40 s, 61/s"),
        ("m0 leads (epoch 1)", "m1 leads (epoch 1)"),
        ("slowed  9/s, slowest link 1 -> 2: 4.88 ms", "slowed  8/s, slowest link 2 -> 0: 5.00 ms"),
        ("demo  4/4  m0  4716  10s  Agreed", "demo  4/4  m1  25001  1m3s  Agreed"),
    ],
)
def test_figures_are_the_machine_s(shown: str, said: str) -> None:
    """Times, rates, counts, sums, digests, ages, and which master leads."""
    assert differs([shown], [said]) == ""


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (SEND, SEND.replace("view 2", "view 3")),
        (SEND, SEND.replace("[0 1 3]", "[0..2]")),
        (SEND, SEND.replace("killed by SIGKILL", "silent")),
        ("0      1            8,175", "1      1            8,175"),
        ("Agreed: 4 of 4 slaves", "Agreed: 3 of 4 slaves"),
        ("m0 leads (epoch 1)", "m0 leads (epoch 2)"),
        ("slowed  9/s, slowest link 1 -> 2: 4.88 ms", "slowed  9/s, slowest link 1 -> 0: 4.88 ms"),
        ("SEND 2 s, GRACE 1 s", "SEND 3 s, GRACE 1 s"),
        ("file.yaml:7: wrong", "file.yaml:8: wrong"),
        ("no failure.", "2 failures survived."),
    ],
)
def test_all_else_is_compared(shown: str, said: str) -> None:
    """Words, places, and how many of what."""
    assert differs([shown], [said]) != ""


def test_order_counts_and_dots_stand_for_any_lines() -> None:
    """But for the lines of every second, of which there must be some, and of several processes."""
    assert differs(["a", "...", "d"], ["a", "b", "c", "d"]) == ""
    assert differs(["a", "...", "d"], ["a", "d"]) == ""
    assert differs(["a", "d"], ["a", "b", "d"]) != ""
    assert differs(["b", "a"], ["a", "b"]) != ""
    second = "SEND   0.8 s left   4,811 approved   3,628/s   p99 1.3 ms"
    assert differs(["a", second, "b"], ["a", "b", second, second]) == ""
    assert differs(["a", second, "b"], ["a", "b"]) != ""


def test_renewing_takes_new_figures_and_keeps_the_dots() -> None:
    """Of what was right; what was not is shown whole."""
    assert renewed(["1.0 s", "...", "d"], ["2.0 s", "b", "c", "d"]) == ["2.0 s", "...", "d"]
    assert renewed(["a", "..."], ["b", "c"]) == ["b", "c"]


def test_all_pages_are_looked_at() -> None:
    """The README's commands are most of what there is."""
    blocks: list[Block] = [block for block in BLOCKS if block.page == "README.md"]
    assert sum(len(block.steps) for block in blocks) > 10
