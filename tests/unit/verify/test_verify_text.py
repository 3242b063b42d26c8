"""How a verification is told."""

from ringrun.verify.findings import Anomaly, Finding, Promise, Verification
from ringrun.verify.text import document_of, lines_of


def verification(*findings: Finding, unchecked: tuple[str, ...] = ()) -> Verification:
    """The outcome with these findings."""
    return Verification(
        findings=findings,
        unchecked=unchecked,
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


def test_what_was_not_checked_is_told_of_a_clean_run_too() -> None:
    """One and many are told apart, and only slaves with several incarnations are named."""
    lines = lines_of(verification(unchecked=("no report",)), "verify.json")
    assert lines[0] == (
        "1 journal (slave 1 has 2 incarnations, 1 of masters), 1 view, 2 epochs, 1,200 messages"
    )
    assert lines[-2:] == ["Not checked: no report.", "Clean."]


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
