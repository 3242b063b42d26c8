"""How long a fault lasts, and how it is told (simulation.faults.fault)."""

from random import Random

import pytest

from ringrun.simulation.case import Profile, draw
from ringrun.simulation.faults.fault import called, left, tell
from ringrun.simulation.faults.plan import KINDS
from ringrun.simulation.trace import Trace
from ringrun.simulation.world.world import World

LONGEST = 0.5


def world_at(before_quiet: float, trace: Trace | None = None) -> World:
    """A world this many seconds before its quiet begins."""
    world = World(draw(1, Profile.ALL), trace)
    world.clock.run(world.case.quiet_from - before_quiet)
    return world


@pytest.mark.parametrize(
    ("before_quiet", "most"),
    [(10 * LONGEST, LONGEST), (LONGEST / 2, LONGEST / 2), (0.0, 0.0), (-0.1, 0.0)],
)
def test_a_fault_ends_before_the_quiet_and_is_no_longer_than_the_longest(
    before_quiet: float, most: float
) -> None:
    world = world_at(before_quiet)
    lasted = [left(world, Random(seed), LONGEST) for seed in range(200)]
    assert all(0.0 <= seconds <= most + 1e-9 for seconds in lasted)
    assert max(lasted) == pytest.approx(most, rel=0.05)


def test_every_fault_is_called_by_words() -> None:
    """No two by the same, and none by what Python calls it."""
    names = [called(fault) for fault, _ in KINDS[Profile.ALL]]
    assert "crash slave" in names
    assert len(set(names)) == len(names)
    assert not any("_" in name for name in names)


def test_a_fault_is_a_line_of_the_transcript_if_there_is_one() -> None:
    trace = Trace()
    tell(world_at(1.0, trace), "the link between s0-1 and s1-1 is cut")
    tell(world_at(1.0), "nobody writes this down")
    assert [line for line in trace.lines if "FAULT" in line and "cut" in line]
