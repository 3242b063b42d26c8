"""Whose an object is: its controller's, and nobody else's."""

from typing import Any

import pytest

from ringrun.record.owned import is_owned
from ringrun_operator.objects.owner import Owner, is_left_by_another, whose


def owned(*owners: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "ownerReferences": list(owners), **metadata}}


def run(uid: str, **changes: Any) -> dict[str, Any]:
    return {"kind": "RingRun", "name": "demo", "uid": uid, "controller": True, **changes}


def test_what_is_built_for_a_run_is_owned_by_it() -> None:
    """And by no other of its name."""
    owner = Owner(name="demo", namespace="lab", uid="u-1")
    built = {"metadata": owner.metadata("x", {})}
    assert is_owned(built, "u-1")
    assert not is_owned(built, "u-2")
    assert not is_owned(built, "")


def test_names_that_nobody_types_have_a_part_that_nobody_knows_before() -> None:
    """Those of a run that version 0.1.0 took up have none."""
    new = Owner(name="demo", namespace="lab", uid="0a1b2c3d-4e5f", mark="feed")
    assert new.orders_name == "demo-orders-0a1b2c3d"
    assert (new.token_name, new.account_name) == ("demo-token-feed", "demo-master-feed")
    old = Owner(name="demo", namespace="lab", uid="0a1b2c3d-4e5f", orders="demo-orders")
    assert old.orders_name == "demo-orders"
    assert (old.token_name, old.account_name) == ("demo-token", "demo-master")


@pytest.mark.parametrize(
    ("found", "left", "words"),
    [
        (owned(), False, "it belongs to nobody"),
        (
            owned({"kind": "Job", "name": "j", "controller": True}),
            False,
            "it belongs to Job j",
        ),
        (owned(run("u-0")), True, "it is left of a run of this name that was deleted"),
        (owned(run("u-0", name="other")), False, "it belongs to RingRun other"),
        (owned(deletionTimestamp="2026-01-01T00:00:00Z"), True, "and is about to go"),
    ],
)
def test_whose_it_is_is_told_in_words(found: dict[str, Any], left: bool, words: str) -> None:
    """What only waits for the garbage collector is told apart."""
    assert is_left_by_another(found, "demo") is left
    assert words in whose(found, "demo")
