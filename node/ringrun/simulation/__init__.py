"""A whole run under a virtual clock: the same core, with faults drawn from a seed.

`main` is `ringrun simulate`. The way through: `case` (what a run is) -> `world` (processes, links,
stores, supervisor) -> `faults` (what goes wrong) -> `judge` (was every promise kept?), with `run`
doing this for many seeds, `script` for written scenarios and `explore` for every order of a few
messages. Nothing here waits, opens a socket or reads a clock, but for the rate that `run` prints.

The driver of tests/unit/core is another simulator: it lets tests move single cores by hand and in
any order, where this one is true to delays and clocks and judges whole runs.
"""

from ringrun.simulation.command.main import main

__all__ = ["main"]
