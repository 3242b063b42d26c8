"""Every order in which a few messages can arrive, with at most one fault anywhere among them.

Small runs (n <= 3) are taken to a point of interest; from there on, each step is a choice: which
connection's next message arrives, which turn is taken, or whether the fault happens now. True time
stands still meanwhile, so no timer interferes. After `depth` choices the run goes on by itself to
its end, and is judged. A prefix of choices is replayed from the start for each branch: the cores
need not be copied. Used by tests/simulation.

Two prefixes that give every process the same inputs in the same order lead to the same state,
however they interleave (Mazurkiewicz, 1977), so that only one of them is followed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heapify
from typing import Any

from ringrun.simulation.case import Case
from ringrun.simulation.clock import Event
from ringrun.simulation.finish import finish
from ringrun.simulation.judge import Finding
from ringrun.simulation.links import End, Lane
from ringrun.simulation.process.process import Process
from ringrun.simulation.stores import Asker, Client
from ringrun.simulation.world.world import World

Fault = Callable[[World], None]

# What is further away is a timer: not part of the search.
_SOON = 0.05


@dataclass(slots=True)
class Explored:
    """What a search came to: ends reached, states seen, and every way to a broken promise."""

    ends: int = 0
    states: int = 0
    complete: bool = True
    findings: list[tuple[tuple[str, ...], Finding]] = field(default_factory=list)


def explore(
    case: Case,
    *,
    depth: int,
    faults: tuple[tuple[str, Fault], ...] = (),
    begin: Callable[[World], bool],
    most_ends: int = 100_000,
) -> Explored:
    """Search from the first moment at which `begin` holds, with one of the faults or none."""
    explored = Explored()
    seen: set[tuple[object, ...]] = set()
    pending: list[tuple[int, ...]] = [()]
    while pending:
        if explored.ends >= most_ends:
            explored.complete = False
            break
        prefix = pending.pop()
        walk = _Walk(case, faults, begin)
        # Replay the prefix, then go on with the first choice everywhere, leaving the others for
        # later; stop where another order of the same inputs has been.
        taken: list[int] = []
        known = False
        for at in range(depth):
            options = walk.options()
            if not options:
                break
            choice = prefix[at] if at < len(prefix) else 0
            if at >= len(prefix):
                pending.extend((*taken, other) for other in range(len(options) - 1, 0, -1))
            walk.take(options[choice])
            taken.append(choice)
            if at + 1 >= len(prefix):
                state = walk.state()
                if state in seen:
                    known = True
                    break
                seen.add(state)
                explored.states += 1
        if known:
            continue
        explored.ends += 1
        outcome = finish(walk.world)
        explored.findings += [(tuple(walk.told), finding) for finding in outcome.findings]
    return explored


@dataclass(frozen=True, slots=True)
class _Option:
    """One thing that may happen next, whom it concerns, and what names it in his history."""

    owner: End | Asker | None
    name: tuple[object, ...]
    event: Event | None
    fault: int = -1


class _Walk:
    """One run under choice."""

    def __init__(
        self, case: Case, faults: tuple[tuple[str, Fault], ...], begin: Callable[[World], bool]
    ) -> None:
        self.world = World(case)
        self.told: list[str] = []
        self._faults = faults
        self._fault_done = not faults
        self._histories: dict[int, int] = {}
        self._lane_steps: dict[Lane, int] = {}
        clock = self.world.clock
        while not begin(self.world):
            assert clock.step(), "the run ended before the search began"

    def options(self) -> list[_Option]:
        """What may happen next: the oldest message of each direction, turns, and the fault."""
        options = list(self._events())
        if not self._fault_done and options:
            options += [
                _Option(None, ("fault", number), None, number)
                for number in range(len(self._faults))
            ]
        return options

    def _events(self) -> Iterator[_Option]:
        lanes: set[Lane] = set()
        clock = self.world.clock
        for event in sorted(clock.pending, key=lambda event: event[:2]):
            call, arguments = event[2], event[3]
            owner: Any = getattr(call, "__self__", None)
            if event[0] > clock.now + _SOON:
                return
            if isinstance(owner, Lane):
                if owner not in lanes:
                    lanes.add(owner)
                    step = self._lane_steps.get(owner, 0)
                    ends = (owner.sender.name, owner.receiver.name, step)
                    yield _Option(owner.receiver, ends, event)
            elif isinstance(owner, Process) and call == owner.call:
                yield _Option(owner, (arguments[0].__qualname__,), event)
            elif isinstance(owner, Client):
                # There is one object, so its requests are ordered for all masters alike.
                yield _Option(owner.owner, (call.__name__,), event)

    def take(self, option: _Option) -> None:
        """Have this happen, at a time that stands still."""
        world = self.world
        clock = world.clock
        if option.event is None:
            name, fault = self._faults[option.fault]
            self._fault_done = True
            self.told.append(name)
            fault(world)
            for process in world.processes.values():
                self._remember(process, option.name)
            return
        clock.pending.remove(option.event)
        heapify(clock.pending)
        owner = getattr(option.event[2], "__self__", None)
        if isinstance(owner, Lane):
            self._lane_steps[owner] = self._lane_steps.get(owner, 0) + 1
            self.told.append(f"{owner.sender.name}>{owner.receiver.name}")
        else:
            assert option.owner is not None
            self.told.append(f"{option.owner.name} {option.name[0]}")
        option.event[2](*option.event[3])
        assert option.owner is not None
        self._remember(option.owner, option.name)

    def _remember(self, process: End | Asker, name: tuple[object, ...]) -> None:
        key = id(process)
        self._histories[key] = hash((self._histories.get(key, 0), name))

    def state(self) -> tuple[object, ...]:
        """The inputs of every process so far."""
        return tuple(
            (name, self._histories[key])
            for name, key in sorted((process.name, id(process)) for process in self._processes())
        )

    def _processes(self) -> list[Process]:
        return [p for p in self.world.processes.values() if id(p) in self._histories]
