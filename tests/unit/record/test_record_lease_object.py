"""The record as it stands in a Lease, and what the Lease says to those who know no record."""

import copy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from ringrun.core.record import Member, Record
from ringrun.record.lease_object import ANNOTATION, freed, micro_time, read_record, with_record

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LEASE: dict[str, Any] = {"metadata": {"uid": "u-1", "resourceVersion": "7"}, "spec": {}}


@pytest.mark.parametrize("annotations", [{}, {"annotations": None}, {"annotations": {"a": "b"}}])
def test_a_lease_that_nobody_wrote_holds_the_first_record(annotations: dict[str, Any]) -> None:
    """Whatever others have written beside it, or not."""
    assert read_record({"metadata": annotations}) == Record()


def test_a_record_comes_back_as_it_was_put_in() -> None:
    """Every field, through JSON."""
    member = Member(ordinal=0, incarnation=2, host="::1", port=10501)
    record = Record(version=4, epoch=3, holder="m0-1", view=2, members=(member,), closed=False)
    assert read_record(with_record(LEASE, record, NOON)) == record


@pytest.mark.parametrize("text", ["", "{", "7", '{"version":"x"}'])
def test_what_is_no_record_is_not_taken_for_one(text: str) -> None:
    """Somebody wrote there: not even the first record may be concluded from it."""
    with pytest.raises(msgspec.DecodeError):
        read_record({"metadata": {"annotations": {ANNOTATION: text}}})


def test_a_lease_shows_others_who_leads() -> None:
    """In its own fields, with times and numbers as the API server takes them."""
    lease = with_record(LEASE, Record(version=1, epoch=3, holder="m0-1"), NOON)
    assert lease["spec"] == {
        "holderIdentity": "m0-1",
        "leaseDurationSeconds": 4,
        "leaseTransitions": 3,
        "renewTime": "2026-01-01T12:00:00.000000Z",
        "acquireTime": "2026-01-01T12:00:00.000000Z",
    }
    later = datetime(2026, 1, 1, 12, 0, 1, 5, tzinfo=UTC)
    renewed = with_record(lease, Record(version=2, epoch=3, holder="m0-1"), later)
    assert renewed["spec"]["acquireTime"] == "2026-01-01T12:00:00.000000Z"
    assert renewed["spec"]["renewTime"] == micro_time(later) == "2026-01-01T12:00:01.000005Z"


def test_the_holder_has_its_lease_from_when_it_became_the_holder() -> None:
    """Another one gets a time of its own, and so does nobody."""
    lease = with_record(LEASE, Record(holder="m0-1"), NOON)
    for seconds, holder, since in [(1, "m0-1", 0), (2, "m1-1", 2), (3, "", 3), (4, "", 3)]:
        lease = with_record(lease, Record(holder=holder), NOON + timedelta(seconds=seconds))
        assert lease["spec"]["acquireTime"] == f"2026-01-01T12:00:0{since}.000000Z"


def test_what_others_keep_in_a_lease_stays() -> None:
    """Labels, other annotations, fields of the spec, and the version that a write compares."""
    lease = {
        "kind": "Lease",
        "metadata": {
            "resourceVersion": "7",
            "labels": {"a": "b"},
            "annotations": {"note": "mine", ANNOTATION: "old"},
            "managedFields": [{"manager": "me"}],
        },
        "spec": {"strategy": "OldestEmulationVersion"},
    }
    before = copy.deepcopy(lease)
    made = with_record(lease, Record(), NOON)
    assert lease == before
    assert made["kind"] == "Lease"
    assert made["spec"]["strategy"] == "OldestEmulationVersion"
    metadata = made["metadata"]
    assert metadata.pop("annotations").keys() == {"note", ANNOTATION}
    # A write with managedFields from a list or a watch would be refused.
    assert metadata == {"resourceVersion": "7", "labels": {"a": "b"}}


def test_a_lease_without_a_spec_gets_one() -> None:
    """The API server keeps one of nothing but metadata."""
    for spec in ({}, {"spec": None}):
        made = with_record({"metadata": {}, **spec}, Record(holder="m0-1"), NOON)
        assert made["spec"]["holderIdentity"] == "m0-1"


def test_freeing_takes_the_holder_out_and_nothing_else() -> None:
    """And only if it is that holder's."""
    record = Record(version=3, epoch=4, holder="m0-1", count=99)
    lease = with_record(LEASE, record, NOON)
    assert freed(lease, "m1-1", NOON) is None
    assert freed(lease, "", NOON) is None
    document = freed(lease, "m0-1", NOON)
    assert document is not None
    assert read_record(document) == record.evolve(holder="")
    assert freed(document, "m0-1", NOON) is None
    assert freed(document, "", NOON) is None


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (NOON, "2026-01-01T12:00:00.000000Z"),
        (NOON + timedelta(microseconds=7), "2026-01-01T12:00:00.000007Z"),
        (NOON.astimezone(timezone(timedelta(hours=5.5))), "2026-01-01T12:00:00.000000Z"),
    ],
)
def test_a_time_has_six_digits_and_is_utc(now: datetime, text: str) -> None:
    """The API server refuses it with fewer."""
    assert micro_time(now) == text
