"""Which verdict fits a run: every row of the table, and no false praise (G11)."""

from itertools import permutations
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_results import by_node, fold, members, result, stopped

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.outcome.verdict import judge
from ringrun.core.reason import Reason, Why
from ringrun.core.record import FoldValue, Record
from ringrun.core.rules import Rules
from ringrun.report import Verdict

A, B, C = SlaveId(0, 1), SlaveId(1, 1), SlaveId(2, 1)


def test_all_equal_and_as_closed_is_agreed() -> None:
    """The count reported is that of the closing cut."""
    said = judge(stopped("abc", A, B), by_node(result(0, "abc"), result(1, "abc")))
    assert said.verdict is Verdict.AGREED
    assert said.fold == fold("abc")
    assert said.unproven == ()


def test_an_unclosed_stop_with_all_in_the_last_view_is_agreed() -> None:
    """The record was out of reach at the end: theirs is the last view, the count past its cut."""
    record = stopped("abc", A, B, closed=False)
    prefixes = [result(node, "abcde", view=2, final=False, cuts=(3,)) for node in (0, 1)]
    said = judge(record, by_node(*prefixes))
    assert said.verdict is Verdict.AGREED
    assert said.fold == fold("abcde")


def test_a_run_without_one_message_may_agree() -> None:
    """Nothing was sent, and all say so."""
    said = judge(stopped("", A, B), by_node(result(0, ""), result(1, "")))
    assert said.verdict is Verdict.AGREED


DIVERGED = [
    pytest.param(
        stopped("abc", A, B), [result(0, "abc"), result(1, "abd")], id="finals of equal length"
    ),
    pytest.param(stopped("abc", A, B), [result(0, "abc"), result(1, "abcd")], id="a longer final"),
    pytest.param(
        stopped("abc", A, B),
        [
            result(0, "abc"),
            result(1, "abc"),
            result(2, "xb", final=False, cuts=(1,)),
            result(2, "abc", incarnation=2, cuts=(1,)),
        ],
        id="a cut that differs",
    ),
    pytest.param(
        stopped("abc", A, B),
        [result(0, "abc", blocks=(2,)), result(1, "abc"), result(2, "ax", final=False)],
        id="a dead one's prefix that is none",
    ),
    pytest.param(
        stopped("abc", A, B, reason=Reason(Why.DIVERGED, "unequal folds at cut 3 of view 1")),
        [result(0, "abc"), result(1, "abc")],
        id="unequal folds at a SYNC, recorded",
    ),
    pytest.param(
        stopped("abc", A, B, closed=False),
        [result(0, "abc", view=2, final=False), result(1, "abd", view=2, final=False)],
        id="prefixes of one length that differ",
    ),
    pytest.param(
        stopped("", view=0, closed=False), [result(0, "ab"), result(1, "xb")], id="before a view"
    ),
]


@pytest.mark.parametrize(("record", "results"), DIVERGED)
def test_logs_that_contradict_each_other_are_diverged(
    record: Record, results: list[Result]
) -> None:
    """Whatever else is true of the run, this comes first."""
    said = judge(record, by_node(*results))
    assert said.verdict is Verdict.DIVERGED
    assert said.reason.word is Why.DIVERGED


FAILED = [
    pytest.param(stopped("", view=0, closed=False), [], "NeverStarted", id="never started"),
    pytest.param(
        stopped(
            "", view=0, closed=False, reason=Reason(Why.START_DEADLINE, "slaves not prepared: 2")
        ),
        [],
        "StartDeadlineExceeded: slaves not prepared: 2",
        id="not prepared in time",
    ),
    pytest.param(
        stopped("abc", A, B, reason=Reason(Why.ABORTED)),
        [result(0, "abc"), result(1, "abc")],
        "Aborted",
        id="aborted, although all agree",
    ),
    pytest.param(
        stopped("abc", A, B, reason=Reason(Why.SLAVE_FAILED)),
        [result(0, "abc")],
        "SlaveFailed",
        id="policy",
    ),
    pytest.param(
        stopped("abc", A, B, reason=Reason(Why.NO_SURVIVOR), closed=False),
        [],
        "NoSurvivor",
        id="recorded",
    ),
    pytest.param(stopped("abc", A, B), [], "NoSurvivor", id="no result at all"),
    pytest.param(
        stopped("abc", A, B),
        [result(2, "ab", final=False, cuts=(2,))],
        "NoSurvivor",
        id="no result of sendMembers",
    ),
]


@pytest.mark.parametrize(("record", "results", "reason"), FAILED)
def test_a_run_that_did_not_end_by_itself_is_failed(
    record: Record, results: list[Result], reason: str
) -> None:
    """The recorded reason decides before the table does."""
    said = judge(record, by_node(*results))
    assert said.verdict is Verdict.FAILED
    assert str(said.reason) == reason


def test_without_a_result_of_send_members_the_recorded_fold_is_reported() -> None:
    """A dead one's shorter log is not what the run came to."""
    said = judge(stopped("abc", A, B), by_node(result(2, "ab", final=False)))
    assert said.fold == fold("abc")


PARTIAL = [
    pytest.param(
        stopped("abc", A, B, C),
        [result(0, "abc"), result(1, "abc")],
        "ResultsMissing",
        id="missing",
    ),
    pytest.param(
        stopped("abc", A, B),
        [result(0, "abc", cuts=(2,)), result(1, "ab", final=False)],
        "ResultsDiffer",
        id="one stopped earlier",
    ),
    pytest.param(
        stopped("abc", A, B),
        [result(0, "abc"), result(1, "abc"), result(2, "abcd", final=False, cuts=(3,))],
        "MoreApproved",
        id="one that was left out approved more",
    ),
    pytest.param(
        stopped("abc", A, B),
        [result(0, "ab", final=False), result(1, "ab", final=False)],
        "NotTheClosingCut",
        id="all short of the closing cut",
    ),
    pytest.param(
        stopped("abc", A, B, closed=False),
        [result(0, "abc", view=2, final=False), result(1, "abc", view=1, final=False)],
        "NotTheLastView",
        id="unclosed, one of an older view",
    ),
    pytest.param(
        stopped("abc", A, B, closed=False),
        [result(0, "ab", view=2, final=False), result(1, "ab", view=2, final=False)],
        "NotTheLastView",
        id="unclosed, short of the last cut",
    ),
]


@pytest.mark.parametrize(("record", "results", "reason"), PARTIAL)
def test_what_is_short_of_agreement_is_partial(
    record: Record, results: list[Result], reason: str
) -> None:
    """The reason names what is missing; the count is that of the longest result."""
    said = judge(record, by_node(*results))
    assert said.verdict is Verdict.PARTIAL
    assert str(said.reason).startswith(f"{reason}: ")
    longest = max(results, key=lambda each: each.count)
    assert said.fold == FoldValue(
        count=longest.count, sum_exact=longest.sum_exact, digest=longest.digest
    )


def test_what_shares_no_count_is_unproven() -> None:
    """A short log whose end the other has no digest of may or may not be a prefix: say so."""
    said = judge(
        stopped("abcd", A, B),
        by_node(result(0, "abcd"), result(1, "abcd"), result(2, "ab", final=False)),
    )
    assert said.verdict is Verdict.AGREED
    assert said.unproven == (C,)


def test_the_verdict_looks_at_who_was_there_when_send_ended() -> None:
    """The survivor of an eviction in GRACE does not agree with itself alone.

    Without the rule it does, although the evicted one printed more.
    """
    record = stopped("abc", A, B, inside=members(A))
    results = by_node(result(0, "abc"), result(1, "abcd", final=False, cuts=(3,)))
    assert judge(record, results).verdict is Verdict.PARTIAL
    alone = by_node(result(0, "abc"))
    assert judge(record, alone).verdict is Verdict.PARTIAL
    rules = Rules(verdict_by_send_members=False)
    assert judge(record, alone, rules).verdict is Verdict.AGREED


logs = st.text("ab", max_size=4)
some_results = st.lists(
    st.builds(
        lambda ordinal, log, incarnation, view, final, every: result(
            ordinal,
            log,
            incarnation=incarnation,
            view=view,
            final=final,
            cuts=tuple(range(len(log))) if every else (),
        ),
        st.integers(0, 2),
        logs,
        st.integers(1, 2),
        st.integers(1, 2),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)
records = st.builds(
    lambda log, nodes, closed: stopped(log, *sorted(nodes), closed=closed),
    logs,
    st.sets(st.tuples(st.integers(0, 2), st.integers(1, 2)), min_size=1, max_size=3),
    st.booleans(),
)


@given(records, some_results, logs)
def test_agreed_only_if_nothing_lies_outside_the_reported_log(
    record: Record, results: list[Result], common: str
) -> None:
    """G11: no result is longer than, or as far as can be compared contradicts, the fold."""
    said = judge(record, by_node(*results))
    if said.verdict is not Verdict.AGREED:
        return
    delivered = by_node(*results)
    for node, each in delivered.items():
        assert each.count <= said.fold.count
        if each.count == said.fold.count:
            assert (each.sum_exact, each.digest) == (said.fold.sum_exact, said.fold.digest)
        elif node not in said.unproven:
            whole = [
                other
                for other in delivered.values()
                if other.count == said.fold.count
                and dict(other.cuts).get(each.count, each.digest) == each.digest
            ]
            assert whole
    for member in record.send_members:
        assert delivered[member.node].count == said.fold.count
    if record.closed:
        assert said.fold == record.fold
    else:
        assert said.fold.count >= record.cut


@given(records, some_results, st.randoms(use_true_random=False))
def test_the_order_of_delivery_changes_no_verdict(
    record: Record, results: list[Result], random: Random
) -> None:
    """Every leader that holds the same results says the same."""
    delivered = by_node(*results)
    shuffled = list(delivered.items())
    random.shuffle(shuffled)
    one, other = judge(record, delivered), judge(record, dict(shuffled))
    assert (one.verdict, one.fold.count, one.unproven) == (
        other.verdict,
        other.fold.count,
        other.unproven,
    )
    assert one.reason.word is other.reason.word


def test_every_order_of_three_results_gives_one_fold() -> None:
    """Also where prefixes of one length contradict each other and none of them is longest."""
    results = by_node(
        result(0, "ab", final=False), result(1, "xb", final=False), result(2, "a", final=False)
    )
    record = stopped("ab", A, B, C, reason=Reason(Why.ABORTED))
    judgements = {judge(record, dict(order)) for order in permutations(results.items())}
    assert len(judgements) == 1


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ((1, 2), "the slaves stopped at 1, 2"),
        ((*[1500] * 9, 2000), "the slaves stopped at 2 different counts, 1,500 to 2,000"),
    ],
)
def test_how_far_each_came_is_told_of_few_slaves_alone(lengths: tuple[int, ...], said: str) -> None:
    """Of five hundred it would be no line any more."""
    results = [
        result(ordinal, "a" * length, cuts=(length,), blocks=tuple(sorted(set(lengths))))
        for ordinal, length in enumerate(lengths)
    ]
    record = stopped("", *(each.node for each in results), closed=False)
    results = [msgspec.structs.replace(each, final=False) for each in results]
    assert judge(record, by_node(*results)).reason == Reason(Why.RESULTS_DIFFER, said)
