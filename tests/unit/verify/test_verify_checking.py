"""The checker on good runs, on journals that end early and on those that are missing."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journalled_run import JournalledRun, eventful_run

from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.notes import Note
from ringrun.verify import Evidence, UnreadableError, check
from ringrun.verify.findings import called

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
def test_a_journal_that_ends_early_accuses_nobody(at: float, name: str) -> None:
    """Whichever it is; and unless nothing was cut off, not all was checked."""
    run = eventful_run()
    journals = run.journals()
    data = journals[name]
    journals[name] = data[: round(at * len(data))]
    verification = check(journals, run.report, same_clock=True, lengths=run.lengths())
    assert [finding.text for finding in verification.findings] == []
    assert verification.clean == (journals[name] == data)


def test_a_journal_of_a_loss_that_the_report_tells_is_whole() -> None:
    """Where nobody noted lengths, an orderly end or a reported loss says so, and no other."""
    run = eventful_run()
    assert check(run.journals(), run.report, same_clock=True).clean
    run.report["failures"] = [each for each in run.failures if each["node"] != "s3-1"]
    verification = check(run.journals(), run.report, same_clock=True)
    assert verification.gaps == (
        "slave 3 (incarnation 1)'s journal has no end: its process was killed, of which no report "
        "tells, or the file was cut",
    )
    run = eventful_run()
    del run.notes["s0-1"][-1]
    assert not check(run.journals(), run.report, same_clock=True).clean


def test_without_masters_and_report_the_rest_is_checked() -> None:
    """The journals of slaves alone are enough for agreement; what is left open is said."""
    run = eventful_run()
    journals = {name: data for name, data in run.journals().items() if name[0] == "s"}
    verification = check(journals, None, same_clock=True, lengths=run.lengths())
    assert verification.findings == ()
    assert [str(promise) for promise, _ in verification.unchecked] == [
        "G3",
        "G6",
        "G7",
        "G8",
        "G11",
        "G12",
    ]


def test_the_masters_journals_are_missed_without_a_manifest_too() -> None:
    """Who led is in the slaves' journals, how many masters there were in the report."""
    run = eventful_run()
    for gone in ({"m0-1"}, {"m1-1"}, {"m0-1", "m1-1"}):
        journals = {name: data for name, data in run.journals().items() if name not in gone}
        verification = check(journals, run.report, same_clock=True)
        assert verification.findings == ()
        assert {f"master {name} left no journal" for name in gone} == set(verification.gaps)


def test_a_journal_under_another_name_is_not_used() -> None:
    """A copy would be a second incarnation that says what the first did."""
    run = eventful_run()
    journals = run.journals()
    journals["s9-1"] = journals["s0-1"]
    verification = check(journals, run.report, same_clock=True)
    assert verification.findings == ()
    assert verification.gaps == (
        "slave 9 (incarnation 1)'s journal is another's: it was written by slave 0 (incarnation 1)",
    )


def test_a_report_of_another_run_is_not_used() -> None:
    """It would be praise, or blame, of something else."""
    run = eventful_run()
    run.report["spec"]["seed"] = 8
    run.report["count"] = 3
    verification = check(run.journals(), run.report, same_clock=True, lengths=run.lengths())
    assert verification.findings == ()
    assert verification.gaps == ("the report is of another run: its seed is 8, the journals' 7",)


def test_a_run_of_which_nobody_began_breaks_nothing() -> None:
    """Slaves that were never in a view approved nothing."""
    meta = {"run": "r", "node": "s0-1", "seed": 1, "clock": "b"}
    data = MAGIC + Encoder().encode([(Note.META, meta)], 0.0)
    verification = check({"s0-1": data}, None, True, evidence=Evidence(whole=True))
    assert verification.clean
    assert verification.messages == 0


def test_journals_of_two_runs_are_refused() -> None:
    """A folder that was used twice would accuse everybody."""
    one, two = JournalledRun(2, seed=1), JournalledRun(2, seed=2)
    mixed = {"s0-1": one.journals()["s0-1"], "s1-1": two.journals()["s1-1"]}
    with pytest.raises(UnreadableError, match="journals of two runs: seed is 2 in s1-1, 1 in s0-1"):
        check(mixed, None, same_clock=True)


def test_journals_of_one_spec_and_two_runs_are_refused() -> None:
    """What is alike but for its id was swapped: it would contradict all the others."""
    one, two = JournalledRun(2), JournalledRun(2)
    one.notes["s0-1"][0][1][1]["id"] = "a"
    two.notes["s1-1"][0][1][1]["id"] = "b"
    mixed = {"s0-1": one.journals()["s0-1"], "s1-1": two.journals()["s1-1"]}
    with pytest.raises(UnreadableError, match="of two runs: id is 'b' in s1-1, 'a' in s0-1"):
        check(mixed, None, same_clock=True)


def test_a_journal_that_the_manifest_does_not_know_is_not_used() -> None:
    """Somebody put it there later."""
    run = eventful_run()
    lengths = {name: length for name, length in run.lengths().items() if name != "s3-2"}
    del run.notes["s3-2"][5:]
    journals = run.journals()
    verification = check(journals, None, same_clock=True, lengths=lengths)
    assert verification.findings == ()
    assert (
        "slave 3 (incarnation 2)'s journal is of another run: when this one had ended, there was "
        "none" in verification.gaps
    )


def test_a_standby_need_not_have_ended() -> None:
    """It wrote no record; a leader must have, or its loss is told."""
    run = eventful_run()
    run._meta("m2-1", role="master")
    assert check(run.journals(), run.report, same_clock=True).clean
    # Unless the report says that it led: then what it wrote last is not there.
    run.report["epochs"] = [{"number": 3, "holder": "m2-1"}]
    assert not check(run.journals(), run.report, same_clock=True).clean
    del run.report["epochs"], run.notes["m1-1"][-1]
    verification = check(run.journals(), run.report, same_clock=True)
    assert [gap.partition(":")[0] for gap in verification.gaps] == [
        "master m1-1's journal has no end"
    ]


def test_whoever_watches_changes_nothing() -> None:
    """What is done is told for every journal, and the outcome is the same."""
    run = eventful_run()
    told: list[str] = []
    silent = check(run.journals(), run.report, True, lengths=run.lengths())
    watched = check(
        run.journals(),
        run.report,
        True,
        lengths=run.lengths(),
        progress=lambda what, done, total: told.append(what),
    )
    assert watched == silent
    for name in run.notes:
        assert f"reading {called(name)}" in told
    assert "following slave 0 (incarnation 1)" in told
