"""The record in a Lease and the report in a ConfigMap, over an API server in memory."""

import asyncio
import copy
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from ringrun.core.outputs import Outcome
from ringrun.core.record import Member, Record
from ringrun.record.api import Refused
from ringrun.record.lease import ConfigMapReportStore, LeaseRecordStore
from ringrun.record.store import StoreError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Answer = TypeVar("Answer")

LEASE = "/lease"
MAP = "/map"


class Objects:
    """Two objects with versions; `before_put` can let another writer be first, or break a call."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {
            LEASE: {"metadata": {"uid": "u-1", "resourceVersion": "7"}, "spec": {}},
            MAP: {"metadata": {"uid": "u-2", "resourceVersion": "8"}},
        }
        self.version = 8
        self.before_put = self.after_put = _nothing

    async def get(self, path: str) -> dict[str, Any]:
        return copy.deepcopy(self.kept[path])

    async def put(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        self.before_put()
        if (
            document["metadata"]["resourceVersion"]
            != self.kept[path]["metadata"]["resourceVersion"]
        ):
            raise Refused(409, "the object has been modified")
        self.version += 1
        kept = copy.deepcopy(document)
        kept["metadata"]["resourceVersion"] = str(self.version)
        self.kept[path] = kept
        self.after_put()
        return copy.deepcopy(kept)


def run(asked: Coroutine[Any, Any, Answer]) -> Answer:
    """What a store answers."""
    return asyncio.run(asked)


def _nothing() -> None:
    pass


def store(objects: Objects) -> LeaseRecordStore:
    return LeaseRecordStore(objects, LEASE, "u-1", lambda: NOON)


def test_a_lease_that_nobody_wrote_holds_no_record_yet() -> None:
    """As in a folder without files."""
    assert run(store(Objects()).read()) == Record()


def test_a_record_is_read_back_as_it_was_written() -> None:
    """By another reader, from what the API server keeps."""
    objects = Objects()
    mine = store(objects)
    member = Member(ordinal=0, incarnation=2, host="10.0.0.1", port=10501)
    record = run(mine.read()).evolve(epoch=3, holder="m0-1", view=2, members=(member,), cut=17)
    assert run(mine.write(record)) == (Outcome.SAVED, record)
    assert run(store(objects).read()) == record


def test_of_two_writers_one_is_told_what_the_other_wrote() -> None:
    """G7: the version last read is compared by the API server itself."""
    objects = Objects()
    one, other = store(objects), store(objects)
    first = run(one.read()).evolve(epoch=1, holder="m0-1")
    second = run(other.read()).evolve(epoch=1, holder="m1-1")
    assert run(one.write(first))[0] is Outcome.SAVED
    assert run(other.write(second)) == (Outcome.CONFLICT, first)


def test_a_record_that_does_not_follow_the_newest_is_not_sent() -> None:
    """Whatever the API server would say."""
    objects = Objects()
    mine = store(objects)
    run(mine.read())
    assert run(mine.write(Record(version=5, epoch=9))) == (Outcome.CONFLICT, Record())
    assert objects.version == 8


def test_an_answer_that_does_not_come_leaves_it_open() -> None:
    """It may have been written: only a read can tell, and then it counts."""
    objects = Objects()
    mine = store(objects)
    record = run(mine.read()).evolve(epoch=1, holder="m0-1")

    def lost() -> None:
        raise StoreError("no answer")

    objects.after_put = lost
    assert run(mine.write(record)) == (Outcome.UNKNOWN, None)
    assert run(mine.read()) == record


@pytest.mark.parametrize("status", [403, 404, 422, 500, 503])
def test_a_refusal_that_is_no_conflict_leaves_it_open_too(status: int) -> None:
    """Just after a restart the API server refuses everybody: that ends nobody's leadership."""
    objects = Objects()
    mine = store(objects)
    record = run(mine.read()).evolve(epoch=1)

    def refuse() -> None:
        raise Refused(status, "no")

    objects.before_put = refuse
    assert run(mine.write(record)) == (Outcome.UNKNOWN, None)


def test_another_lease_of_the_name_is_not_the_record() -> None:
    """It was deleted and made again, so what it says is of no run."""
    objects = Objects()
    mine = store(objects)
    run(mine.read())
    objects.kept[LEASE]["metadata"]["uid"] = "u-9"
    with pytest.raises(StoreError, match="another uid"):
        run(mine.read())


def test_a_lease_that_holds_no_record_is_out_of_reach() -> None:
    """Somebody wrote there; nothing is concluded from it."""
    objects = Objects()
    objects.kept[LEASE]["metadata"]["annotations"] = {"ringrun.dev/record": "{"}
    with pytest.raises(StoreError, match="holds no record"):
        run(store(objects).read())


def test_what_a_watch_brought_late_takes_nothing_back() -> None:
    """The store goes on from the newest record that it knows."""
    objects = Objects()
    mine = store(objects)
    old = copy.deepcopy(objects.kept[LEASE])
    first = run(mine.read()).evolve(epoch=1)
    run(mine.write(first))
    mine.saw(old)
    assert run(mine.write(first.evolve(epoch=2)))[0] is Outcome.SAVED


def test_a_report_is_kept_by_compare_and_swap() -> None:
    """The first write is of version 0; whoever read an older one is told the newest."""
    objects = Objects()
    one, other = (ConfigMapReportStore(objects, MAP) for _ in range(2))
    assert run(one.read()) == (0, None)
    assert run(other.read()) == (0, None)
    outcome, version, _ = run(one.write(0, {"epoch": 1}))
    assert outcome is Outcome.SAVED
    assert run(other.write(0, {"epoch": 2})) == (Outcome.CONFLICT, version, {"epoch": 1})
    assert run(other.write(version, {"epoch": 2}))[0] is Outcome.SAVED
    assert run(one.read())[1] == {"epoch": 2}


def test_a_map_that_is_anothers_gets_no_report() -> None:
    """It has the name, since the run's own was deleted; nothing in it is changed."""
    objects = Objects()
    owner = {"kind": "RingRun", "uid": "r-1", "controller": True}
    objects.kept[MAP]["metadata"]["ownerReferences"] = [owner]
    mine = ConfigMapReportStore(objects, MAP, "r-1")
    assert run(mine.read()) == (0, None)
    objects.kept[MAP]["metadata"] |= {"ownerReferences": [], "resourceVersion": "99"}
    foreign = copy.deepcopy(objects.kept[MAP])
    for _ in range(2):
        with pytest.raises(StoreError, match="is not this run's"):
            run(mine.write(0, {"epoch": 1}))
    assert objects.kept[MAP] == foreign


def test_a_report_keeps_what_else_is_in_its_map() -> None:
    """Labels, owners and keys of others stay."""
    objects = Objects()
    objects.kept[MAP] |= {"data": {"note": "mine"}}
    objects.kept[MAP]["metadata"]["labels"] = {"a": "b"}
    mine = ConfigMapReportStore(objects, MAP)
    run(mine.read())
    run(mine.write(0, {"epoch": 1}))
    assert objects.kept[MAP]["data"]["note"] == "mine"
    assert objects.kept[MAP]["metadata"]["labels"] == {"a": "b"}
