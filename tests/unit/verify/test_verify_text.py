"""How a verification is told."""

from dataclasses import replace

from ringrun.verify.findings import Anomaly, Finding, Verification
from ringrun.verify.promise import Promise
from ringrun.verify.text import document_of, lines_of


def verification(
    *findings: Finding,
    unchecked: tuple[tuple[Promise, tuple[str, ...]], ...] = (),
    gaps: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
) -> Verification:
    """The outcome with these findings."""
    return Verification(
        findings=findings,
        unchecked=unchecked,
        gaps=gaps,
        remarks=remarks,
        journals=1,
        masters=1,
        incarnations=((0, 1), (1, 2)),
        views=1,
        epochs=2,
        messages=1200,
    )


def lost(node: str) -> Finding:
    """One finding of a node."""
    return Finding(
        promise=Promise.UNIFORM, anomaly=Anomaly.LOST, node=node, text=f"{node} lost it", index=7
    )


def test_what_was_not_checked_is_said_in_its_row_and_at_the_end() -> None:
    """One and many are told apart, and only slaves with several incarnations are named."""
    lines = lines_of(
        verification(
            unchecked=((Promise.DRAIN, ("no report", "s1")), (Promise.NO_FALSE_PRAISE, ("no",))),
            gaps=("no report at all",),
        ),
        "verify.json",
    )
    assert lines[0] == ("1 journal (2 of slave 1, 1 of masters), 1 view, 2 epochs, 1,200 messages")
    assert lines[8:] == [
        "G8 drain                not checked  no report, +1 more",
        "G9 progress             not for journals",
        "G10 nothing lost        not for journals",
        "G11 no false praise     not checked  no",
        "G12 no return           holds",
        "No report at all.",
        "Nothing broken; 2 of 10 not checked.",
    ]


def test_only_a_whole_check_is_clean() -> None:
    """A remark on the evidence takes the last word away, and a broken promise has it before all."""
    assert lines_of(verification(), "kept")[-1] == "Clean."
    assert lines_of(verification(remarks=("old journals",)), "kept")[-2:] == [
        "Old journals.",
        "Nothing broken, as far as can be told.",
    ]
    unchecked = ((Promise.UNIFORM, ("x",)), (Promise.DRAIN, ("x",)))
    lines = lines_of(verification(lost("s0-1"), unchecked=unchecked), "kept")
    assert lines[-1] == "1 promise broken (1 of 10 not checked): kept"
    assert [line for line in lines if "BROKEN" in line] == [
        "G3 uniform              BROKEN  s0-1 lost it   [lost]"
    ]


def test_the_first_five_findings_of_a_promise_are_shown() -> None:
    """The promise is named once, and the rest are counted."""
    lines = lines_of(verification(*(lost(f"s{ordinal}-1") for ordinal in range(7))), "kept.json")
    begin = next(at for at, line in enumerate(lines) if line.startswith("G3"))
    assert lines[begin] == "G3 uniform              BROKEN  s0-1 lost it   [lost]"
    assert lines[begin + 4].strip() == "s4-1 lost it   [lost]"
    assert lines[begin + 5].strip() == "and 2 more"
    assert lines[-1] == "1 promise broken: kept.json"


def test_the_document_has_all_findings() -> None:
    """Plain values, fit for JSON."""
    document = document_of(verification(*(lost(f"s{ordinal}-1") for ordinal in range(7))))
    assert document["clean"] is False
    assert document["broken"] == ["G3"]
    assert len(document["findings"]) == 7
    assert document["findings"][0] == {
        "promise": "G3",
        "anomaly": "lost",
        "node": "s0-1",
        "index": 7,
        "seen": None,
        "other": None,
        "text": "s0-1 lost it",
    }


def test_a_finding_is_folded_on_a_terminal_alone() -> None:
    """Below its own text; elsewhere it is one line, for programs to find."""
    finding = Finding(
        promise=Promise.UNIFORM,
        anomaly=Anomaly.LOST,
        node="s0-1",
        text="slave 0 (incarnation 1) approved index 4,119 and something else was recorded",
    )
    whole = lines_of(verification(finding), "kept")
    assert max(len(line) for line in whole) > 80
    for width in (80, 60):
        lines = lines_of(verification(finding), "kept", width)
        assert max(len(line) for line in lines) <= width
        begin = next(at for at, line in enumerate(lines) if line.startswith("G3"))
        assert lines[begin + 1].startswith(" " * 32 + lines[begin + 1].strip()[:5])


def test_many_slaves_with_several_journals_are_counted() -> None:
    """One or two are named."""
    several = replace(
        verification(), incarnations=tuple((ordinal, 1 + ordinal % 2) for ordinal in range(12))
    )
    assert lines_of(several, "kept")[0].startswith("1 journal (several of 6 slaves, 1 of masters),")


def test_of_many_gaps_the_first_are_told() -> None:
    """All of them are in the file."""
    lines = lines_of(verification(gaps=tuple(f"gap {n}" for n in range(512))), "out/verify.json")
    told = [line for line in lines if line.startswith(("Gap", "And"))]
    assert len(told) == 11
    assert told[-1] == "And 502 more of that kind, all in out/verify.json."
