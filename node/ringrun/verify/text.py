"""How a verification is told: the lines that a user reads, and the document of verify.json."""

from textwrap import wrap
from typing import Any

from ringrun.verify.findings import Finding, Verification
from ringrun.verify.promise import NOT_FOR_JOURNALS, TITLES, Promise

# The most findings that are shown of one promise; verify.json has them all.
_SHOWN = 5
# And of what is missing or damaged.
_SHOWN_GAPS = 10
_WIDTH = 80
_NARROWEST = 60
# Where the text of a finding begins.
_TEXT_AT = 32
# The most slaves that are named for having left several journals.
_NAMED = 2


def lines_of(verification: Verification, kept_in: str, width: int | None = None) -> list[str]:
    """What `ringrun verify` prints; `kept_in` is where the findings are kept, if there are any.

    In a terminal of this `width`; elsewhere a broken promise is one line, for programs to find.
    """
    lines = _fitted(_summary(verification), 2, width)
    unchecked = dict(verification.unchecked)
    rows: list[Promise | str] = sorted([*Promise, *NOT_FOR_JOURNALS], key=lambda row: int(row[1:]))
    for row in rows:
        if not isinstance(row, Promise):
            lines.append(f"{f'{row} {NOT_FOR_JOURNALS[row]}':<23} not for journals")
            continue
        title = f"{row} {TITLES[row]}"
        found = [finding for finding in verification.findings if finding.promise is row]
        if found:
            for line in _broken(title, found):
                lines += [line] if width is None else _fitted(line, _TEXT_AT, width)
        elif row in unchecked:
            first, *more = unchecked[row]
            rest = f", +{len(more)} more" if more else ""
            lines += _fitted(f"{title:<23} not checked  {first}{rest}", 37, width)
        else:
            lines.append(f"{title:<23} holds")
    gaps = verification.gaps[:_SHOWN_GAPS]
    if len(verification.gaps) > len(gaps):
        left = len(verification.gaps) - len(gaps)
        gaps = (*gaps, f"and {left:,} more of that kind, all in {kept_in}")
    for text in (*gaps, *verification.remarks):
        lines += _fitted(f"{text[:1].upper()}{text[1:]}.", 2, width)
    return [*lines, _verdict(verification, kept_in)]


def _fitted(line: str, indent: int, width: int | None) -> list[str]:
    width = _WIDTH if width is None else max(width, _NARROWEST)
    if len(line) <= width:
        return [line]
    # Only its own blanks may become line ends: columns stay where they are.
    begin, rest = line[:indent], line[indent:]
    parts = wrap(rest, width - indent, break_long_words=False, break_on_hyphens=False)
    return [begin + parts[0], *(" " * indent + part for part in parts[1:])]


def _broken(title: str, found: list[Finding]) -> list[str]:
    lines = [
        f"{title if not number else '':<23} {'BROKEN' if not number else '      '}  "
        f"{finding.text}   [{finding.anomaly}]"
        for number, finding in enumerate(found[:_SHOWN])
    ]
    if len(found) > _SHOWN:
        lines.append(f"{'':<31} and {len(found) - _SHOWN} more")
    return lines


def _verdict(verification: Verification, kept_in: str) -> str:
    broken = verification.broken
    left = [promise for promise, _ in verification.unchecked if promise not in broken]
    not_checked = f"{len(left)} of {len(Promise)} not checked"
    if broken:
        aside = f" ({not_checked})" if left else ""
        return f"{_counted(len(broken), 'promise')} broken{aside}: {kept_in}"
    if left:
        return f"Nothing broken; {not_checked}."
    if verification.remarks:
        return "Nothing broken, as far as can be told."
    return "Clean."


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
        "unchecked": {str(promise): list(why) for promise, why in verification.unchecked},
        "missing": list(verification.gaps),
        "remarks": list(verification.remarks),
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
        f"{count} of slave {ordinal}" for ordinal, count in verification.incarnations if count > 1
    ]
    if len(several) > _NAMED:
        several = [f"several of {len(several)} slaves"]
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
