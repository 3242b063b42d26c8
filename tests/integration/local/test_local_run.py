"""Whole runs without faults: real processes, real TCP."""

import hashlib
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from local_run import LocalRun, agreed, environment


@pytest.mark.parametrize("model", ["lockstep", "window", "train"])
def test_four_slaves_agree_in_every_model(tmp_path: Path, model: str) -> None:
    """Four equal results, everything issued is counted, SEND as long as asked at every slave."""
    arguments = ("--nodes", "4", "--send", "1s", "--grace", "1s", "--model", model)
    with LocalRun(tmp_path, *arguments) as run:
        code, report = run.report()
    assert code == 0
    agreed(report, slaves=4)
    assert report["count"] == report["issued"] > 100
    assert report["closed"] is True
    assert report["failures"] == []
    for slave in report["slaves"]:
        # Never early; late by what a busy machine makes of it.
        assert 0.95 < slave["sendSeconds"] < 1.3


@pytest.mark.parametrize("nodes", [2, 3, 16])
def test_small_and_larger_rings_agree(tmp_path: Path, nodes: int) -> None:
    """Two is the smallest ring."""
    with LocalRun(tmp_path, "--nodes", str(nodes), "--send", "500ms", "--grace", "1s") as run:
        code, report = run.report()
    assert code == 0
    agreed(report, slaves=nodes)


def test_a_lockstep_run_is_what_its_seed_alone_gives(tmp_path: Path) -> None:
    """Index i: sender (i-1) mod n, draw (i-1) div n + 1; sum and digest by independent code."""
    nodes, seed = 3, 41
    arguments = ("--nodes", str(nodes), "--seed", str(seed), "--send", "700ms", "--grace", "500ms")
    with LocalRun(tmp_path, *arguments) as run:
        _, report = run.report()
    agreed(report, slaves=nodes)
    count = report["count"]
    draws = count // nodes + 1
    streams = [np.random.Philox(key=[seed, sender]).random_raw(draws) for sender in range(nodes)]
    numbers = [
        (int(streams[(index - 1) % nodes][(index - 1) // nodes]) >> 11) + 1
        for index in range(1, count + 1)
    ]
    assert int(report["sumExact"]) == sum(i * u for i, u in enumerate(numbers, start=1))
    digest = bytes(32)
    for start in range(0, count, 4096):
        block = range(start + 1, min(start + 4096, count) + 1)
        # With n >= 2 senders in turn no two entries in a row are of one sender: each is a run.
        runs = b"".join(
            struct.pack("<QIQI", i, (i - 1) % nodes, (i - 1) // nodes + 1, 1) for i in block
        )
        values = struct.pack(f"<{len(block)}Q", *(numbers[i - 1] for i in block))
        digest = hashlib.sha256(digest + runs + values).digest()
    assert report["digest"] == digest.hex()


def test_what_people_see_is_the_story_the_table_and_the_verdict(tmp_path: Path) -> None:
    """The transcript of README.md, line by line; a pipe gets a line a second in SEND."""
    journal = tmp_path / "out"
    arguments = ("--send", "1500ms", "--grace", "500ms", "--journal", str(journal))
    with LocalRun(tmp_path, *arguments, output="text") as run:
        code, out, errors = run.end()
    assert (code, errors) == (0, "")
    wanted = [
        r"demo  4 slaves, 2 masters, model lockstep, seed 0, SEND 1\.5 s, GRACE 0\.5 s",
        r"START  \d+\.\d\d s  4 of 4 slaves ready; m\d leads \(epoch 1\); view 1 \[0 1 2 3\]",
        r"SEND   0\.\d s left   [\d,]+ approved   [\d,]+/s   p99 [\d.]+ ms",
        r"GRACE  .*drained at index [\d,]+.*",
        r"STOP   4 of 4 results",
        r"",
        r"slave  incarnation +count +sum  digest +frames out / in +CPU",
        *[rf"{n}      1 +[\d,]+ +[\d,.]+  [0-9a-f]{{8}}…  [\d, /]+ [\d.]+ s" for n in range(4)],
        r"",
        r"Agreed: 4 of 4 slaves counted the same [\d,]+ messages, .*, no failure\.",
        rf"Journals in {journal}/ \([\d.]+ [kM]B\)\. Check them: ringrun verify {journal}/",
    ]
    lines = out.splitlines()
    assert len(lines) == len(wanted), out
    for line, pattern in zip(lines, wanted, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)
    assert {path.name for path in journal.iterdir()} == {
        "manifest.json",
        "report.json",
        *(f"s{ordinal}-1.journal" for ordinal in range(4)),
        "m0-1.journal",
        "m1-1.journal",
    }


def test_quiet_leaves_the_last_line_and_no_files(tmp_path: Path) -> None:
    """Without a folder of the user's own nothing stays behind."""
    command = [sys.executable, "-m", "ringrun", "run", "--send", "300ms", "--grace", "200ms"]
    done = subprocess.run(
        [*command, "--quiet"],
        capture_output=True,
        text=True,
        env={**environment(), "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done
    assert done.stdout.startswith("Agreed: 4 of 4 slaves counted the same ")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_an_expectation_that_is_not_met_is_told_and_fails_the_command(tmp_path: Path) -> None:
    """The verdict stays Agreed; the exit code is 1."""
    file = tmp_path / "demand.yaml"
    file.write_text(
        "apiVersion: ringrun.dev/v1alpha1\nkind: RingRun\nmetadata: {name: demand}\n"
        "spec:\n  periods: {sendMilliseconds: 300, graceMilliseconds: 200}\n"
        "  expect: {minCount: 100000000}\n"
    )
    with LocalRun(tmp_path, str(file)) as run:
        code, report = run.report()
    assert code == 1
    agreed(report, slaves=4)
    [expectation] = report["expectations"]
    assert (expectation["name"], expectation["met"]) == ("minCount", False)
