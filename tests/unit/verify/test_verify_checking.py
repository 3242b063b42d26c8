"""The checker on good runs, on journals that end early and on those that are missing."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journalled_run import JournalledRun, eventful_run

from ringrun.core.journal_bytes import MAGIC, encode
from ringrun.core.notes import Note
from ringrun.verify import Promise, UnreadableError, check

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


def test_journals_of_two_runs_are_refused() -> None:
    """A folder that was used twice would accuse everybody."""
    one, two = JournalledRun(2, seed=1), JournalledRun(2, seed=2)
    mixed = {"s0-1": one.journals()["s0-1"], "s1-1": two.journals()["s1-1"]}
    with pytest.raises(UnreadableError, match="journals of two runs: seed is 2 in s1-1, 1 in s0-1"):
        check(mixed, None, same_clock=True)
