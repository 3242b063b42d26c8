"""What documents and reports must have to be judged."""

from typing import Any

import msgspec
import pytest
from journalled_run import eventful_run

from ringrun.core.notes import Note
from ringrun.verify.reading.forms import FORMS, form_of_report


def test_what_our_nodes_write_has_its_form() -> None:
    """Every document of a run with all that may happen; more fields are let through."""
    seen = set()
    for notes in eventful_run().notes.values():
        for _, note in notes:
            form = FORMS.get(Note(note[0]).name)
            if form is not None:
                msgspec.convert({**note[1], "more": 1}, form)
                seen.add(Note(note[0]).name)
    assert seen == set(FORMS)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("VIEW", {"number": -1, "epoch": 1, "members": [], "cut": 0}),
        ("VIEW", {"number": 1, "epoch": 1, "members": [[1]], "cut": 0}),
        ("COMMAND", {"command": "Sync", "epoch": "1", "holder": "m0-1", "obeyed": True}),
        ("PHASE", {"phase": "start"}),
        ("RESULT", {"count": 1 << 63, "sumExact": "1", "digest": "", "final": True}),
        ("META", {"seed": -1}),
    ],
)
def test_what_cannot_be_is_refused(kind: str, values: dict[str, Any]) -> None:
    """So that no check has to doubt a type."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(values, FORMS[kind])


@pytest.mark.parametrize(
    ("report", "why"),
    [
        ({"verdict": "Agreed"}, ""),
        ({"verdict": "Agreed", "slaves": [{"ordinal": 1, "incarnation": 1, "other": 2}]}, ""),
        ({}, "missing required field `verdict`"),
        ({"verdict": "Agreed", "count": "12"}, "Expected `int`, got `str` - at `$.count`"),
        ({"verdict": "Agreed", "slaves": [{"ordinal": 1}]}, "missing required field"),
        ({"verdict": "Agreed", "failures": [3]}, "Expected `object`, got `int`"),
    ],
)
def test_a_report_must_look_like_one(report: dict[str, Any], why: str) -> None:
    """Why it does not, in one line."""
    assert why in form_of_report(report)
    assert bool(form_of_report(report)) == bool(why)
