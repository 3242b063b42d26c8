"""The report's document: docs/operations.md word for word, exact, and the same report again."""

import json
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.report import (
    EpochReport,
    ExpectationReport,
    FailureKind,
    FailureReport,
    Latency,
    Link,
    Report,
    ReportError,
    SlaveReport,
    Verdict,
    ViewReport,
    shown_sum,
)
from ringrun.spec import default_run

DIGEST = "3f9a41c1" * 8


def report(**changes: Any) -> Report:
    """An agreed run of four, as in docs/protocol.md."""
    slaves = tuple(
        SlaveReport(
            ordinal=ordinal,
            incarnation=1,
            count=18743,
            sum_exact="791171000000000000000000",
            digest=DIGEST,
            final=True,
            frames_sent=1,
            frames_received=1,
            cpu_seconds=1.9,
            send_seconds=2.001,
            grace_seconds=1.0,
        )
        for ordinal in range(4)
    )
    whole = Report(
        name="demo",
        spec=default_run().as_document(),
        verdict=Verdict.AGREED,
        count=18743,
        sum_exact="791171000000000000000000",
        digest=DIGEST,
        issued=18743,
        closed=True,
        rate=9371.5,
        latency=Latency(p50=0.000112, p99=0.0003, max=0.004),
        start_skew=0.0021,
        slowest_link=Link(source=0, target=2, seconds=0.003),
        views=(
            ViewReport(number=1, members=(0, 1, 2, 3), incarnations=(1, 1, 1, 1), at=0.0, cut=0),
        ),
        epochs=(EpochReport(number=1, holder="m0-1", at=0.0),),
        slaves=slaves,
        epoch=1,
        complete=True,
    )
    return msgspec.structs.replace(whole, **changes)


def test_the_document_has_the_names_of_the_design() -> None:
    """Others script against these: a renamed field is a broken promise."""
    document = report().as_document()
    assert document["apiVersion"] == "ringrun.dev/v1alpha1"
    assert document["kind"] == "Report"
    assert document["spec"]["nodes"] == 4
    assert document["verdict"] == "Agreed"
    assert document["count"] == 18743
    assert document["sum"] == "87837626.062"
    assert document["sumExact"] == "791171000000000000000000"
    assert document["digest"] == DIGEST
    assert document["rate"] == 9371.5
    assert document["latency"] == {"p50": 0.000112, "p99": 0.0003, "max": 0.004}
    assert document["startSkew"] == 0.0021
    assert document["slowestLink"] == {"from": 0, "to": 2, "seconds": 0.003}
    assert document["views"] == [
        {"number": 1, "members": [0, 1, 2, 3], "incarnations": [1, 1, 1, 1], "at": 0.0, "cut": 0}
    ]
    assert document["epochs"] == [{"number": 1, "holder": "m0-1", "at": 0.0}]
    assert document["failures"] == []
    slave = document["slaves"][0]
    assert {
        "ordinal",
        "incarnation",
        "count",
        "sumExact",
        "digest",
        "final",
        "framesSent",
        "framesReceived",
        "cpuSeconds",
        "sendSeconds",
        "graceSeconds",
    } <= slave.keys()
    assert {
        "issued",
        "closed",
        "reason",
        "epoch",
        "expectations",
        "longestGap",
    } <= document.keys()


def test_a_failure_has_the_names_of_the_design() -> None:
    failure = FailureReport(
        at=0.52, kind=FailureKind.SLAVE_LOST, node="s2-1", cause="connection reset", view=1
    )
    assert report(failures=(failure,)).as_document()["failures"] == [
        {"at": 0.52, "kind": "SlaveLost", "node": "s2-1", "cause": "connection reset", "view": 1}
    ]


text = st.text(max_size=8)
seconds = st.floats(min_value=0, max_value=1e9)
natural = st.integers(0, 2**62)
exact = st.integers(0, 2**200).map(str)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
marks = st.lists(st.tuples(natural, digests), max_size=2).map(tuple)

slaves = st.builds(
    SlaveReport,
    ordinal=natural,
    incarnation=natural,
    count=natural,
    sum_exact=exact,
    digest=digests,
    final=st.booleans(),
    frames_sent=natural,
    frames_received=natural,
    cpu_seconds=seconds,
    send_seconds=seconds,
    grace_seconds=seconds,
    issued=natural,
    view=natural,
    blocks=marks,
    cuts=marks,
)
ordinals = st.lists(natural, max_size=3).map(tuple)
reports = st.builds(
    Report,
    name=text,
    spec=st.dictionaries(text, st.none() | st.booleans() | natural | text, max_size=3),
    verdict=st.sampled_from(Verdict),
    reason=text,
    count=natural,
    sum_exact=exact,
    digest=digests,
    issued=natural,
    closed=st.booleans(),
    rate=seconds,
    latency=st.none() | st.builds(Latency, p50=seconds, p99=seconds, max=seconds),
    start_skew=st.none() | seconds,
    slowest_link=st.none() | st.builds(Link, source=natural, target=natural, seconds=seconds),
    longest_gap=st.none() | seconds,
    epoch=natural,
    complete=st.booleans(),
    views=st.lists(
        st.builds(
            ViewReport,
            number=natural,
            members=ordinals,
            incarnations=ordinals,
            at=seconds,
            cut=natural,
        ),
        max_size=2,
    ).map(tuple),
    epochs=st.lists(
        st.builds(EpochReport, number=natural, holder=text, at=seconds), max_size=2
    ).map(tuple),
    slaves=st.lists(slaves, max_size=2).map(tuple),
    failures=st.lists(
        st.builds(
            FailureReport,
            at=seconds,
            kind=st.sampled_from(FailureKind),
            node=text,
            cause=text,
            view=natural,
        ),
        max_size=2,
    ).map(tuple),
    expectations=st.lists(
        st.builds(
            ExpectationReport,
            name=text,
            wanted=seconds,
            got=st.none() | seconds,
            met=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    unproven=st.lists(text, max_size=2).map(tuple),
)


@given(reports)
def test_a_document_gives_the_same_report_again(whole: Report) -> None:
    """Also as JSON text, which is how it is kept."""
    assert Report.from_document(json.loads(json.dumps(whole.as_document()))) == whole


@given(st.integers(0, 2**120))
def test_the_sum_shown_is_the_nearest_thousandth(sum_exact: int) -> None:
    """Held to fractions, which do not round; a double would be wrong from 2^53 thousandths on."""
    shown = Fraction(shown_sum(str(sum_exact)))
    assert abs(shown - Fraction(sum_exact, 2**53)) <= Fraction(1, 2000)


@pytest.mark.parametrize(
    ("sum_exact", "shown"),
    [
        (0, "0.000"),
        (2**53, "1.000"),
        (2**53 // 1000, "0.001"),
        (2**53 * 10**18 + 2**52, "1000000000000000000.500"),
        (2**53 - 1, "1.000"),
    ],
)
def test_sums_have_three_decimals(sum_exact: int, shown: str) -> None:
    assert shown_sum(str(sum_exact)) == shown


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "RingRun"},
        {"apiVersion": "ringrun.dev/v2"},
        {"verdict": "Splendid"},
        {"count": "18743"},
        {"sumExact": 791171},
        {"sumExact": "7.9e23"},
        {"slaves": [{"ordinal": 0}]},
        {"metadata": {}},
        {"metadata": None},
    ],
)
def test_what_is_no_report_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ReportError):
        Report.from_document({**report().as_document(), **changes})


@pytest.mark.parametrize(
    ("verdict", "met", "as_wished"),
    [
        (Verdict.AGREED, (), True),
        (Verdict.AGREED, (True, True), True),
        (Verdict.AGREED, (True, False), False),
        (Verdict.PARTIAL, (), False),
        (Verdict.DIVERGED, (True,), False),
        (Verdict.FAILED, (), False),
    ],
)
def test_only_an_agreed_run_that_met_all_expectations_is_as_wished(
    verdict: Verdict, met: tuple[bool, ...], as_wished: bool
) -> None:
    expectations = tuple(
        ExpectationReport(name="minCount", wanted=1, got=1, met=each) for each in met
    )
    assert report(verdict=verdict, expectations=expectations).as_wished is as_wished
