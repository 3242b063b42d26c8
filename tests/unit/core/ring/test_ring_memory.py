"""A slave's memory does not grow with the run: what it counts, holds or waits for is bounded."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from rings import Ring

from ringrun.core.ring.models import MODELS
from ringrun.core.slave.slave import Slave

# Of an entry's life nothing stays. What is in flight at two moments differs, and of each full block
# (few, with these bursts) the digest is remembered for a while.
SLACK = 60


def parts(of: object, seen: set[int]) -> Iterator[tuple[str, int]]:
    """(where, how many) for each container that can be reached from this through the core."""
    if id(of) in seen or isinstance(of, int | float | str | bytes | type(None)):
        return
    seen.add(id(of))
    if isinstance(of, list | tuple | set | frozenset | deque):
        yield type(of).__name__, len(of)
        for each in of:
            yield from parts(each, seen)
    elif isinstance(of, dict):
        yield "dict", len(of)
        for key, value in of.items():
            yield from parts(key, seen)
            yield from parts(value, seen)
    elif type(of).__module__.startswith("ringrun."):
        names = [*getattr(of, "__dict__", ())]
        for kind in type(of).__mro__:
            names += kind.__dict__.get("__slots__", ())
        for name in names:
            for where, size in parts(getattr(of, name, None), seen):
                yield f"{type(of).__name__}.{name}/{where}", size


def sizes(slave: Slave) -> dict[str, int]:
    """How much is in the containers of a slave, by the way there."""
    found: dict[str, int] = {}
    for where, size in parts(slave, set()):
        found[where] = found.get(where, 0) + size
    return found


def totals(ring: Ring) -> list[int]:
    """The same in all, for each slave; the histogram of latencies apart."""
    return [
        sum(size for where, size in sizes(slave).items() if "latency" not in where)
        for slave in ring.slaves()
    ]


@pytest.mark.parametrize(
    ("model", "count", "options"),
    [
        ("lockstep", 3, {}),
        ("lockstep", 3, {"members": [1]}),
        ("window", 3, {"burst": 16}),
        ("window", 3, {"burst": 16, "members": [1]}),
        ("train", 3, {"burst": 8}),
        ("train", 3, {"burst": 8, "members": [1]}),
    ],
)
def test_nothing_in_a_slave_grows_with_the_run(
    model: str, count: int, options: dict[str, Any]
) -> None:
    """Ten times the entries, the same memory; heartbeats and repeated words go on all the time."""
    ring = Ring(
        count, model, send=2.0, journal=False, pace=2**-12, heartbeat=0.01, suspect=1.0, **options
    ).go()
    ring.run(0.125)
    before, early = totals(ring), max(slave.tally.issued for slave in ring.slaves())
    ring.run(1.25)
    after, late = totals(ring), max(slave.tally.issued for slave in ring.slaves())
    assert late > 8 * early > 200
    for one, other in zip(before, after, strict=True):
        assert other <= one + SLACK, sizes(ring.slaves()[0])
    for slave in ring.slaves():
        assert len(slave.tally.latency.buckets()) <= 32 * 20


@pytest.mark.parametrize("model", sorted(MODELS))
def test_views_leave_nothing_behind_but_their_cuts(model: str) -> None:
    """Fifty view changes with the same members: the last 16 cuts are remembered, no view is."""
    ring = Ring(3, model, burst=4, send=4.0, journal=False).go()
    seen = []
    for view in range(2, 52):
        ring.run(ring.now + 0.01)
        ring.change(view)
        if view in {20, 51}:
            seen.append(totals(ring))
    assert max(slave.tally.issued for slave in ring.slaves()) > 100
    for one, other in zip(*seen, strict=True):
        assert other <= one + SLACK


def test_notes_are_off_without_a_journal() -> None:
    """Nobody would ever drain them."""
    ring = Ring(3, "lockstep", journal=False).whole()
    assert all(slave.notes == [] and slave.voice.journal is None for slave in ring.slaves())
