"""Whose an object is: its controller's, and nobody else's."""

from typing import Any

import pytest

from ringrun.record.owned import is_owned, want_own
from ringrun.record.store import StoreError

RUN = {"kind": "RingRun", "name": "demo", "uid": "u-1"}


def owned(*owners: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "x", "ownerReferences": list(owners)}}


def test_an_object_that_the_run_controls_is_its_own() -> None:
    """And that of no other, whatever their names."""
    found = owned({"uid": "u-0"}, {**RUN, "controller": True})
    assert is_owned(found, "u-1")
    assert not is_owned(found, "u-2")
    want_own(found, "u-1")


@pytest.mark.parametrize(
    "found",
    [
        {"metadata": {"name": "x"}},
        owned(),
        owned({**RUN, "controller": False}),
        owned({"uid": "u-1"}),
        owned({"kind": "Job", "uid": "u-2", "controller": True}, RUN),
    ],
)
def test_an_owner_that_does_not_control_is_none(found: dict[str, Any]) -> None:
    """Anybody who may make an object may name owners of it."""
    assert not is_owned(found, "u-1")
    with pytest.raises(StoreError, match="x is not this run's"):
        want_own(found, "u-1")


def test_a_run_that_is_not_known_asks_for_nothing() -> None:
    """As in a pod of an operator that says nothing of it; nor does nobody own what has no owner."""
    want_own(owned(), "")
    assert not is_owned(owned({"uid": "", "controller": True}), "")
