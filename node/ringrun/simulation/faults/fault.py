"""What a fault is, and what all faults need: an end before the quiet, a line in the transcript."""

from collections.abc import Callable
from random import Random

from ringrun.simulation.world.world import World

Fault = Callable[[World, Random], bool]
"""Does it to somebody who lives, and says whether there was anybody."""

Weighted = tuple[tuple[Fault, float], ...]
"""Faults, and how often each is drawn among the others."""


def called(fault: Fault) -> str:
    """What the fault is called in words: by the name of its function."""
    return fault.__name__.strip("_").replace("_", " ")


def left(world: World, draw: Random, longest: float) -> float:
    """A duration that ends before the quiet."""
    most = min(longest, world.case.quiet_from - world.clock.now)
    return max(most, 0.0) * draw.random()


def tell(world: World, text: str) -> None:
    """A line of the transcript, if there is one."""
    if world.trace is not None:
        world.trace.fault(text)
