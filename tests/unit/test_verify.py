"""The checker on good runs, cut journals, folders, and against the core's own arithmetic."""

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journalled_run import JournalledRun, draw, eventful_run, fold_of, runs_of

from ringrun.core.journal_bytes import MAGIC, encode
from ringrun.core.log.entry import Stream
from ringrun.core.log.fold import weighted_sum
from ringrun.core.notes import Note
from ringrun.verify import Promise, UnreadableError, check, main
from ringrun.verify.log import NO_BASE, Batches, Log
from ringrun.verify.numbers import Streams, fold_rest

STEPS = ("issue", "ahead", "burst", "approve", "lag", "kill", "replace", "leader", "view")


@pytest.mark.parametrize("same_clock", [True, False])
def test_a_good_run_is_clean(same_clock: bool) -> None:
    """With a view change, a replacement from a base and a take-over, every promise holds."""
    run = eventful_run()
    verification = check(run.journals(), run.report, same_clock)
    assert verification.findings == ()
    assert verification.unchecked == ()
    assert verification.incarnations == ((0, 1), (1, 1), (2, 1), (3, 2))
    assert (verification.views, verification.epochs) == (3, 2)
    assert verification.messages == run.report["count"]


def random_run(nodes: int, steps: list[str], random: Random) -> JournalledRun:
    """A good run that takes these steps, where they are possible."""
    run = JournalledRun(nodes, seed=random.randrange(2**63), random=random)
    for step in steps:
        living = [node[0] for node in run.members if run.slaves[node].alive]
        one = random.choice(living)
        if step == "issue":
            run.issue(one)
        elif step == "burst":
            run.issue(one, random.randrange(1, 30))
        elif step == "ahead" and len(living) > 1:
            run.issue_ahead(*random.sample(living, 2))
        elif step == "approve":
            run.approve(*random.sample(living, random.randrange(1, len(living) + 1)))
        elif step == "lag":
            run.issue(one, random.randrange(1, 5), reach=random.randrange(len(living)))
            run.change_view(join=random.random() < 0.5)
        elif step in {"kill", "replace"} and len(living) > 1:
            run.issue(one, 2, reach=random.randrange(len(living)))
            run.kill(random.choice(living))
            run.change_view(join=step == "replace")
        elif step == "leader" and int(run.holder[1]) < 8:
            run.change_leader()
        elif step == "view":
            run.change_view(join=True)
    run.finish()
    return run


@settings(max_examples=60)
@given(
    nodes=st.integers(1, 5),
    steps=st.lists(st.sampled_from(STEPS), max_size=25),
    random=st.randoms(use_true_random=False),
)
def test_random_good_runs_are_clean(nodes: int, steps: list[str], random: Any) -> None:
    """The checker raises no false alarm, whatever happened in whatever order."""
    run = random_run(nodes, steps, Random(random.randrange(2**32)))
    verification = check(run.journals(), run.report, same_clock=True)
    assert [finding.text for finding in verification.findings] == []


@settings(max_examples=40)
@given(at=st.floats(0, 1), name=st.sampled_from(["s0-1", "s3-1", "s3-2", "m0-1", "m1-1"]))
def test_a_journal_cut_off_by_a_kill_is_read_up_to_there(at: float, name: str) -> None:
    """Whichever slave's journal ends early, nobody is accused of what only that one can tell."""
    run = eventful_run()
    journals = run.journals()
    data = journals[name]
    journals[name] = data[: round(at * len(data))]
    verification = check(journals, run.report, same_clock=True)
    # What others had from the lost part cannot be found there: that is all that may be missed.
    missed = {Promise.CONFIRMED, Promise.ONE_LEADER}
    assert set(verification.broken) <= missed, [f.text for f in verification.findings]


def test_the_last_record_may_be_torn() -> None:
    """A kill within the last write leaves a clean run clean, and says so."""
    run = eventful_run()
    journals = run.journals()
    # Killed while it wrote down what nobody had from it yet.
    torn = encode([(Note.APPROVED, 1, 99, 0)], run.now)[:-3]
    journals["s3-1"] += torn
    verification = check(journals, run.report, same_clock=True)
    assert verification.findings == ()
    assert verification.unchecked == ("s3-1's journal ends within a record: read up to there",)


def test_a_missing_journal_is_said_and_not_guessed() -> None:
    """What a slave confirmed is unknown without its journal; the others are still checked."""
    run = eventful_run()
    journals = run.journals()
    del journals["s3-1"]
    verification = check(journals, run.report, same_clock=True)
    assert verification.findings == ()
    assert verification.unchecked == (
        "slave 3 (incarnation 1) left no journal: what it confirmed (G4)",
    )


def test_without_masters_and_report_the_rest_is_checked() -> None:
    """The journals of slaves alone are enough for agreement; what is left open is said."""
    run = eventful_run()
    journals = {name: data for name, data in run.journals().items() if name[0] == "s"}
    verification = check(journals, None, same_clock=True)
    assert verification.findings == ()
    assert len(verification.unchecked) == 2


def test_a_run_of_which_nobody_began_is_clean() -> None:
    """Slaves that were never in a view approved nothing."""
    meta = {"run": "r", "node": "s0-1", "seed": 1, "clock": "b"}
    verification = check({"s0-1": MAGIC + encode([(Note.META, meta)], 0.0)}, None, same_clock=True)
    assert verification.clean
    assert verification.messages == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"something else", "does not begin with its magic line"),
        (MAGIC + b"\x01\x00\x00\x00\x63" + bytes(8) + b"x", "there is no kind 99"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"{]", "record 0 at byte 18"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"[]", "not an object"),
        (MAGIC + b"\x02\x00\x00\x00\x05" + bytes(8) + b"xx", "an approval does not have 13"),
        (MAGIC + b"\x02\x00\x00\x00\x02" + bytes(8) + b"xx", "entries is too short"),
        (MAGIC + b"\x1c\x00\x00\x00\x02" + bytes(36), "not as long as its count says"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"{}", "a VIEW record lacks"),
        (MAGIC + b"\x02\x00\x00\x00\x07" + bytes(8) + b"{}", "a BASE record is not"),
        (MAGIC + b"\x02\x00\x00\x00\x09" + bytes(8) + b"{}", "a PHASE record lacks phase"),
    ],
)
def test_what_is_no_journal_is_refused(data: bytes, reason: str) -> None:
    """Bytes that no node of ours wrote are an error of their own, never a broken promise."""
    with pytest.raises(UnreadableError, match=reason):
        check({"s0-1": data}, None, same_clock=True)


def test_journals_of_two_runs_are_refused() -> None:
    """A folder that was used twice would accuse everybody."""
    one, two = JournalledRun(2, seed=1), JournalledRun(2, seed=2)
    mixed = {"s0-1": one.journals()["s0-1"], "s1-1": two.journals()["s1-1"]}
    with pytest.raises(UnreadableError, match="journals of two runs: seed is 2 in s1-1, 1 in s0-1"):
        check(mixed, None, same_clock=True)


# The folder.


def write(run: JournalledRun, folder: Path) -> None:
    """Leave a run in a folder, as `ringrun run --journal` does."""
    for name, data in run.journals().items():
        (folder / f"{name}.journal").write_bytes(data)
    (folder / "report.json").write_text(json.dumps(run.report), encoding="utf-8")


def test_a_clean_folder_is_told_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each promise, and the last word is Clean."""
    run = eventful_run()
    write(run, tmp_path)
    assert main(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "7 journals (slave 3 has 2 incarnations, 2 of masters), 3 views, 2 epochs, 36 messages"
    )
    assert lines[1] == "G1 agreement            holds"
    assert lines[2] == "G2 contiguous, unique   holds"
    assert len(lines) == 1 + len(Promise) + 1
    assert lines[-1] == "Clean."
    assert not (tmp_path / "verify.json").exists()


def test_a_broken_folder_keeps_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, the sentence on the promise's line, and all of it in verify.json."""
    run = eventful_run()
    run.report["count"] += 1
    write(run, tmp_path)
    assert main(tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert (
        "G11 no false praise     BROKEN  the report counts 37 messages, no slave approved more "
        "than 36   [unexpected]"
    ) in lines
    assert lines[-1] == f"1 promise broken: {tmp_path / 'verify.json'}"
    kept = json.loads((tmp_path / "verify.json").read_text(encoding="utf-8"))
    assert kept["broken"] == ["G11"]
    assert kept["findings"][0]["index"] == 37
    assert (kept["findings"][0]["seen"], kept["findings"][0]["other"]) == (37, 36)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no *.journal files; give the folder that --journal named"),
        ({"s0-1.journal": "x"}, "s0-1 is not a journal: it does not begin with its magic line"),
        ({"s0-1.journal": "", "report.json": "{"}, "report.json is not JSON"),
        ({"s0-1.journal": "", "report.json": "[]"}, "report.json is not a report"),
    ],
)
def test_a_folder_that_cannot_be_checked_is_one_line(
    files: dict[str, str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and what is wrong, nothing on stdout."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main(tmp_path) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    [line] = captured.err.splitlines()
    assert line.startswith(f"{tmp_path}: ")
    assert reason in line


def test_a_missing_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, as for any other wrong input."""
    assert main(tmp_path / "nowhere") == 2
    assert capsys.readouterr().err == f"{tmp_path / 'nowhere'}: No such file or directory\n"


# The arithmetic: against the definition, and against the core, which does it by other means.


@given(
    seed=st.integers(0, 2**63 - 1),
    sender=st.integers(0, 511),
    asked=st.lists(st.tuples(st.integers(1, 900), st.integers(1, 300)), max_size=6),
)
def test_streams_are_those_of_the_core(
    seed: int, sender: int, asked: list[tuple[int, int]]
) -> None:
    """In whatever order pieces are asked for."""
    ours, theirs = Streams(seed), Stream(seed, sender)
    for k, count in [(1, 1), *asked]:
        assert ours.take(sender, k, count).tolist() == theirs.take(k, count).tolist()
    assert int(ours.take(sender, 1, 1)[0]) == draw(seed, sender, 1)


def log_of(entries: list[tuple[int, int, int]]) -> Log:
    """A log with these entries, in the batches in which they would be journalled."""
    numbers = np.array([u for _, _, u in entries], dtype="<u8")
    bytewise = np.ndarray((len(entries) * 8 - 7,), "<u8", numbers.tobytes(), 0, (1,))
    columns = np.array(runs_of(entries, 1), dtype=np.int64).T
    batches = Batches(
        first=columns[0],
        sender=columns[1],
        k=columns[2],
        count=columns[3],
        at=(columns[0] - 1) * 8,
        numbers=bytewise,
    )
    return Log("s0-1", NO_BASE, batches, len(entries))


@settings(max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 700), min_size=1, max_size=30),
    random=st.randoms(use_true_random=False),
)
def test_folds_are_those_of_the_definition(lengths: list[int], random: Any) -> None:
    """Sum and digest at the end and at any place within, over several blocks."""
    entries: list[tuple[int, int, int]] = []
    ks = [0, 0, 0]
    for length in lengths:
        sender = random.randrange(3)
        for _ in range(length):
            ks[sender] += 1
            entries.append((sender, ks[sender], random.getrandbits(64)))
    log = log_of(entries)
    for count in {len(entries), random.randrange(len(entries)) + 1, len(entries) // 4096 * 4096}:
        total, digest, _ = fold_of(entries[:count])
        assert log.fold(count) == (total, digest)


@given(
    before=st.integers(0, 2**40),
    numbers=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=300),
)
def test_sums_are_those_of_the_core(before: int, numbers: list[int]) -> None:
    """The exact sum of a piece, wherever it begins."""
    array = np.array(numbers, dtype=np.uint64)
    senders, ks = np.zeros(len(numbers), dtype=np.int64), np.arange(len(numbers)) + 1
    _, total = fold_rest(before + 1, senders, ks, array, bytes(32))
    assert total == weighted_sum(before, array)


def test_the_phases_are_judged_by_each_slaves_own_clock() -> None:
    """A slave whose GO came late ends with the others, so its own SEND is shorter."""
    run = JournalledRun(2)
    run.issue(0)
    run.finish()
    notes = run.notes["s1-1"]
    at = next(at for at, (_, note) in enumerate(notes) if note[0] is Note.PHASE)
    time, note = notes.pop(at)
    notes.append((time + 0.3, note))
    notes.sort(key=lambda item: item[0])
    assert Promise.PHASES not in check(run.journals(), None, same_clock=True).broken
    # The same, of one that was told GO when the others were: it ended SEND too early.
    run.notes["s0-1"] = [
        (time + 0.3 if note[0] is Note.PHASE and note[1]["phase"] == "SEND" else time, note)
        for time, note in run.notes["s0-1"]
    ]
    assert Promise.PHASES in check(run.journals(), None, same_clock=True).broken


@pytest.mark.parametrize("ended_by", ["nothing", "close", "leaving"])
def test_only_the_clock_may_end_a_phase_early_unless_told(ended_by: str) -> None:
    """An early STOP, or the end of the process, is no broken promise; ending by itself is."""
    run = JournalledRun(2)
    run.issue(0)
    run.finish()
    notes = run.notes["s1-1"]
    last = next(at for at, (_, note) in enumerate(notes) if note[0] is Note.PHASE) + 1
    kept = [item for item in notes[:last] if item[0] < run.started + 1.0]
    early = run.started + 1.0
    if ended_by == "close":
        close = {"command": "close", "epoch": 1, "holder": "m0-1", "obeyed": True, "view": 1}
        kept.append((early, (Note.COMMAND, close)))
    kept += [(early, (Note.PHASE, {"phase": name, "elapsed": 1.0})) for name in ("GRACE", "STOP")]
    if ended_by == "leaving":
        tally = {"count": 0, "sumExact": "0", "digest": "00" * 32, "final": False, "view": 1}
        kept.append((early, (Note.RESULT, tally)))
    run.notes["s1-1"] = kept
    broken = check(run.journals(), None, same_clock=True).broken
    assert (Promise.PHASES in broken) == (ended_by == "nothing")
