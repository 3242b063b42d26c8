"""How a verification is told: the lines that a user reads, and the document of verify.json."""

from typing import Any

from ringrun.verify.findings import TITLES, Finding, Promise, Verification

# The most findings that are shown of one promise; verify.json has them all.
_SHOWN = 5


def lines_of(verification: Verification, kept_in: str) -> list[str]:
    """What `ringrun verify` prints; `kept_in` is where the findings are kept, if there are any."""
    lines = [_summary(verification)]
    for promise in Promise:
        found = [finding for finding in verification.findings if finding.promise is promise]
        title = f"{promise} {TITLES[promise]}"
        if not found:
            lines.append(f"{title:<23} holds")
            continue
        lines += [
            f"{title if not number else '':<23} {'BROKEN' if not number else '      '}  "
            f"{finding.text}   [{finding.anomaly}]"
            for number, finding in enumerate(found[:_SHOWN])
        ]
        if len(found) > _SHOWN:
            lines.append(f"{'':<31} and {len(found) - _SHOWN} more")
    lines += [f"Not checked: {text}." for text in verification.unchecked]
    if verification.clean:
        lines.append("Clean.")
    else:
        lines.append(f"{_counted(len(verification.broken), 'promise')} broken: {kept_in}")
    return lines


def document_of(verification: Verification) -> dict[str, Any]:
    """The same as data."""
    return {
        "clean": verification.clean,
        "journals": verification.journals,
        "views": verification.views,
        "epochs": verification.epochs,
        "messages": verification.messages,
        "broken": [str(promise) for promise in verification.broken],
        "findings": [_finding(finding) for finding in verification.findings],
        "unchecked": list(verification.unchecked),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "promise": str(finding.promise),
        "anomaly": str(finding.anomaly),
        "node": finding.node,
        "index": finding.index,
        "seen": finding.seen,
        "other": finding.other,
        "text": finding.text,
    }


def _summary(verification: Verification) -> str:
    several = [
        f"slave {ordinal} has {count} incarnations"
        for ordinal, count in verification.incarnations
        if count > 1
    ]
    if verification.masters:
        several.append(f"{verification.masters} of masters")
    aside = f" ({', '.join(several)})" if several else ""
    return (
        f"{_counted(verification.journals, 'journal')}{aside}, "
        f"{_counted(verification.views, 'view')}, {_counted(verification.epochs, 'epoch')}, "
        f"{_counted(verification.messages, 'message')}"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
