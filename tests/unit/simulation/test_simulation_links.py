"""Connections: in order, nothing twice, nothing across a reset (simulation.links)."""

from random import Random
from typing import Any

import pytest

from ringrun.core.node import NodeId, SlaveId
from ringrun.simulation.clock import Clock
from ringrun.simulation.links import End, Lane, Link


class Peer:
    """An end that wants its link and remembers what came of it."""

    def __init__(self, ordinal: int) -> None:
        self.key = SlaveId(ordinal, 1)
        self.name = str(self.key)
        self.alive = True
        self.paused = 0
        self.links: dict[NodeId, Link] = {}
        self.wanting = True
        self.heard: list[Any] = []

    def wants(self, peer: End) -> bool:
        return self.wanting

    def link_up(self, peer: End) -> None:
        self.heard.append("up")

    def link_down(self, peer: End) -> None:
        self.heard.append("down")

    def take(self, sender: End, lane: Lane, number: int, payload: Any) -> None:
        self.heard.append(payload)


class Pair:
    """Two peers and their link, up unless said otherwise."""

    def __init__(self, *, seed: int = 1, up: bool = True) -> None:
        self.clock = Clock()
        self.one, self.other = Peer(0), Peer(1)
        self.link = Link(self.clock, Random(seed), self.one, self.other, 0.01, 0.05)
        self.out, self.back = self.link.lanes
        if up:
            self.link.want()
            self.run()
            assert (self.one.heard, self.other.heard) == (["up"], ["up"])
            self.one.heard.clear()
            self.other.heard.clear()

    def run(self, seconds: float = 1.0) -> None:
        self.clock.run(self.clock.now + seconds)


@pytest.mark.parametrize("seed", range(5))
def test_a_direction_keeps_its_order(seed: int) -> None:
    """Whatever delays are drawn."""
    pair = Pair(seed=seed)
    for number in range(20):
        pair.out.send(number)
        pair.run(0.005)
    pair.run()
    assert pair.other.heard == list(range(20))
    assert pair.one.heard == []


def test_before_there_is_a_connection_nothing_is_sent() -> None:
    pair = Pair(up=False)
    pair.out.send("lost")
    pair.link.want()
    pair.run()
    assert pair.other.heard == ["up"]


def test_a_partition_loses_nothing() -> None:
    """What is sent into it comes when it heals, in order; the other direction goes on."""
    pair = Pair()
    pair.out.blocked += 1
    pair.out.send("first")
    pair.out.send("second")
    pair.back.send("back")
    pair.run()
    assert (pair.one.heard, pair.other.heard) == (["back"], [])
    pair.out.unblock()
    pair.run()
    assert pair.other.heard == ["first", "second"]


def test_what_is_on_its_way_into_a_partition_waits_for_its_end() -> None:
    pair = Pair()
    pair.out.send("on its way")
    pair.out.blocked += 1
    pair.run()
    assert pair.other.heard == []
    pair.out.unblock()
    pair.run()
    assert pair.other.heard == ["on its way"]


def test_of_two_partitions_both_must_end() -> None:
    pair = Pair()
    pair.out.blocked += 2
    pair.out.send("held")
    pair.out.unblock()
    pair.run()
    assert pair.other.heard == []
    pair.out.unblock()
    pair.run()
    assert pair.other.heard == ["held"]


def test_a_reset_loses_what_is_on_its_way_and_is_followed_by_a_new_connection() -> None:
    """Nothing of the old one arrives on the new one, not even when it was held meanwhile."""
    pair = Pair()
    pair.out.blocked += 1
    pair.out.send("held")
    pair.back.send("in flight")
    pair.link.reset()
    pair.out.unblock()
    pair.run()
    assert pair.one.heard == ["down", "up"]
    assert pair.other.heard == ["down", "up"]
    assert pair.out.readable(2)
    assert not pair.out.readable(1)


def test_a_close_lets_what_was_sent_before_arrive() -> None:
    pair = Pair()
    pair.one.wanting = False
    pair.out.send("last words")
    pair.link.close(pair.one)
    pair.run()
    assert pair.one.heard == ["down"]
    assert pair.other.heard == ["last words", "down"]


@pytest.mark.parametrize("trouble", ["unwanted", "dead", "paused", "blocked"])
def test_no_connection_comes_up_in_vain(trouble: str) -> None:
    """It takes a dialler that runs and wants, somebody who accepts, and a way both ways."""
    pair = Pair(up=False)
    match trouble:
        case "unwanted":
            pair.one.wanting = False
        case "dead":
            pair.other.alive = False
        case "paused":
            pair.one.paused = 1
        case "blocked":
            pair.back.blocked = 1
    pair.link.want()
    pair.run()
    assert (pair.one.heard, pair.other.heard) == ([], [])
    # Who is paused or cut off tries again; for the others it takes somebody who wants it.
    pair.one.paused = pair.back.blocked = 0
    pair.run()
    assert pair.link.live == (trouble in {"paused", "blocked"})


@pytest.mark.parametrize("seed", range(5))
def test_a_partition_keeps_the_order(seed: int) -> None:
    """Of what was on its way when it began, what was sent in it, and what was sent after it."""
    pair = Pair(seed=seed)
    for number in range(30):
        if number == 5:
            pair.out.blocked += 1
        if number == 15:
            pair.out.unblock()
        pair.out.send(number)
        pair.run(0.005)
    pair.run()
    assert pair.other.heard == list(range(30))


def test_a_partition_that_begins_again_lets_nothing_through() -> None:
    """What was about to come waits for the end of the second one."""
    pair = Pair()
    pair.out.blocked += 1
    pair.out.send("held")
    pair.run()
    pair.out.unblock()
    pair.out.blocked += 1
    pair.run()
    assert pair.other.heard == []
    pair.out.unblock()
    pair.run()
    assert pair.other.heard == ["held"]


def test_a_connection_that_was_closed_in_a_partition_comes_up_again() -> None:
    """The other side reads of it when the partition ends; then the link is dialled anew."""
    pair = Pair()
    pair.out.blocked += 1
    pair.out.send("last words")
    pair.link.close(pair.one)
    pair.run()
    assert (pair.one.heard, pair.other.heard) == (["down"], [])
    pair.out.unblock()
    pair.run(2.0)
    assert pair.other.heard == ["last words", "down", "up"]
    assert pair.one.heard == ["down", "up"]
