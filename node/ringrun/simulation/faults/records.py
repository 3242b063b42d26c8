"""Trouble between masters and the stores of the record and the report."""

from random import Random
from typing import Final

from ringrun.simulation.faults.fault import Weighted, left, tell
from ringrun.simulation.stores import Trouble
from ringrun.simulation.world.world import World


def _record_trouble(world: World, draw: Random) -> bool:
    masters = world.masters()
    if not masters:
        return False
    leader = world.leader
    chosen = draw.choice((masters, [draw.choice(masters)], [leader] if leader else masters))
    trouble = draw.choice(tuple(Trouble))
    stores = draw.choice((("record",), ("record",), ("record", "report"), ("report",)))
    duration = left(world, draw, draw.choice((0.3, 1.0, 3.0)))
    for master in chosen:
        for name in stores:
            troubles = master.record.troubles if name == "record" else master.report.troubles
            troubles.append(trouble)
            world.clock.after(duration, troubles.remove, trouble)
    names = " ".join(master.name for master in chosen)
    tell(world, f"{' and '.join(stores)} {trouble} for {names}, {duration:.3f}")
    return True


RECORDS: Final[Weighted] = ((_record_trouble, 6),)
