"""What was listed, until its runs are looked at (lists)."""

import asyncio
from typing import Any

import pytest
from controller_at_work import Watched, ring_run, status, world
from virtual_time import START, in_virtual_time, pass_time

from ringrun_operator.act.lists import FINISHED_EVERY, Lists
from ringrun_operator.watch.kept import Kept, Key
from ringrun_operator.watch.store import Store

FINISHED = {
    "completionTime": "1970-01-01T00:16:40Z",
    "conditions": [
        {
            "type": "Finished",
            "status": "True",
            "reason": "Agreed",
            "message": "",
            "lastTransitionTime": "1970-01-01T00:16:40Z",
            "observedGeneration": 1,
        }
    ],
}


class Looks:
    """Lists of a store, and what is looked at when."""

    def __init__(self) -> None:
        self.store = Store()
        self.now: list[Key] = []
        self.later: list[tuple[Key, float]] = []
        self.lists = Lists(
            self.store, self.now.append, lambda key, wait: self.later.append((key, wait))
        )

    def page(self, *objects: Kept) -> None:
        self.lists.page(objects)


def run(name: str, version: int = 1, **status: Any) -> Kept:
    metadata = {
        "name": name,
        "namespace": "lab",
        "uid": f"u-{name}",
        "resourceVersion": str(version),
    }
    return Kept("RingRun", {"metadata": metadata, "status": status})


def pod(name: str, of: str, version: int = 1) -> Kept:
    metadata = {
        "name": name,
        "namespace": "lab",
        "uid": f"u-{name}",
        "resourceVersion": str(version),
        "labels": {"ringrun.dev/run": of},
        "ownerReferences": [{"uid": f"u-{of}"}],
    }
    return Kept("Pod", {"metadata": metadata})


def uids(*objects: Kept) -> frozenset[str]:
    return frozenset(each.uid for each in objects)


def test_nothing_is_looked_at_before_everything_is_listed() -> None:
    """A run whose Lease is not listed yet would be taken for new, or for lost; then it is looked at
    once, however many of its objects there are."""
    looks = Looks()
    looks.page(run("b"), run("a"))
    looks.lists.whole("RingRun", "", uids(run("a"), run("b")), 5)
    looks.page(pod("a-s0-1", "a"), pod("a-s1-1", "a"))
    assert looks.now == []
    looks.lists.complete()
    assert looks.now == [("lab", "a"), ("lab", "b")]


def test_of_later_lists_only_what_is_news_is_looked_at() -> None:
    """They come after every time that a watch could not go on from where it was."""
    looks = Looks()
    pods = (pod("a-s0-1", "a"), pod("b-s0-1", "b"), pod("c-s0-1", "c"))
    looks.page(run("a"), run("b"), run("c"), *pods)
    looks.lists.complete()
    looks.now.clear()
    looks.page(*pods)
    looks.lists.whole("Pod", "", uids(*pods), 5)
    assert looks.now == []
    looks.page(pods[0], pod("b-s0-1", "b", 6))
    looks.lists.whole("Pod", "", uids(*pods[:2]), 7)
    assert looks.now == [("lab", "b"), ("lab", "c")], "one has changed, one has lost its pod"
    assert looks.store.pods(("lab", "c"), "u-c") == ()


def test_runs_that_are_over_wait_for_each_other_and_hold_up_no_other() -> None:
    """There may be thousands when an operator starts."""
    looks = Looks()
    over = [run(f"a{number}", **FINISHED) for number in range(3)]
    looks.page(*over, run("b"))
    looks.lists.complete()
    assert looks.now == [("lab", "b")]
    assert [key for key, _ in looks.later] == [("lab", f"a{number}") for number in range(3)]
    waits = [wait for _, wait in looks.later]
    assert waits == pytest.approx([FINISHED_EVERY, 2 * FINISHED_EVERY, 3 * FINISHED_EVERY])


@in_virtual_time
async def test_a_controller_looks_at_what_was_listed() -> None:
    """At a new run at once, at those that are over in their turn."""
    server, cluster = world()
    over = [server.put({**ring_run(f"a{n}"), "status": FINISHED}) for n in range(50)]
    watched = Watched(cluster)
    server.watcher = None
    working = asyncio.ensure_future(watched.controller.run())
    watched.controller.lists.page([Kept("RingRun", each) for each in (*over, server.run)])
    watched.controller.lists.complete()
    await pass_time(FINISHED_EVERY / 2)
    assert watched.looks == [START]
    assert status(server, "demo")["observedGeneration"] == 1
    await pass_time(40 * FINISHED_EVERY)
    wanted = [START + number * FINISHED_EVERY for number in range(41)]
    assert watched.looks[:41] == pytest.approx(wanted)
    working.cancel()
