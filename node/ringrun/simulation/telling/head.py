"""What stands above a run that is told: what it is, what is around it, what will go wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from ringrun.core.rules import Rules
from ringrun.core.supervisor.patience import LOCAL
from ringrun.report_text import heading
from ringrun.simulation.case import Case
from ringrun.wording import duration


def head(
    case: Case, faults: Sequence[tuple[float, str]] | None, names: str
) -> Iterator[tuple[str, str]]:
    """A title and what belongs to it, for each line.

    `faults` is None where a scenario orders them; `names` says what nodes are called.
    """
    yield "run", heading(case.spec)
    yield "ring", _ring(case)
    yield "around", _around(case)
    yield "others", _others(case)
    off = [each.name for each in fields(Rules) if not getattr(case.rules, each.name)]
    if off:
        yield "without", ", ".join(off)
    if faults is not None:
        yield "faults", _faults(case, faults)
    yield "names", names
    yield "indices", "holds 4, approved 3: everything up to these"
    yield "columns", "!! before what goes wrong; seconds; who; <- from whom, and what that says"


def _ring(case: Case) -> str:
    spec = case.spec
    return (
        f"burst {spec.burst}, window {spec.window}, heartbeat {duration(spec.heartbeat)}, "
        f"suspect {duration(spec.suspect)}, on slave failure {spec.on_slave_failure}"
    )


def _around(case: Case) -> str:
    longest = f" to {duration(case.delay + case.jitter)}" if case.jitter else ""
    parts = [
        f"a message takes about {duration(case.delay)}{longest}, a turn {duration(case.turn)}, "
        f"the disk {duration(case.disk)}, the record {duration(case.store_delay)} each way",
    ]
    if case.skew:
        parts.append(f"clocks run up to {100 * case.skew:.0f} % too fast or too slow")
    if case.duplicates:
        parts.append(f"{100 * case.duplicates:.0f} % of the commands come twice")
    return "; ".join(parts)


def _others(case: Case) -> str:
    how = "are told of the record" if case.watch else f"read the record every {duration(case.poll)}"
    kind = "a local run's" if case.bounds == LOCAL else "a cluster's"
    return (
        f"standby masters {how}; the supervisor is {kind}, and decides after "
        f"{duration(case.supervision)}"
    )


def _faults(case: Case, faults: Sequence[tuple[float, str]]) -> str:
    if not faults:
        return "none"
    planned = ", ".join(f"{name} at {time:.4f}" for time, name in sorted(faults))
    return f"{planned}; they stop at {case.quiet_from:.4f}"
