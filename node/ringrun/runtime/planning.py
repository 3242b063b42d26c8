"""What the slaves of a run need of its spec, as the plan that travels to them.

Called by whoever makes a master. By hand a run waits less for what may never come.
"""

from ringrun.core.record import Plan
from ringrun.spec import RunSpec

# Seconds that a result is repeated, and the silent are waited for, after the own end of GRACE.
RESULT_WAIT = 300.0
RESULT_WAIT_BY_HAND = 10.0


def plan_of(spec: RunSpec, run: str, *, by_hand: bool = False) -> Plan:
    """The plan of this run."""
    return Plan(
        run=run,
        nodes=spec.nodes,
        seed=spec.seed,
        model=str(spec.model),
        send=spec.send,
        grace=spec.grace,
        tick=spec.tick,
        spin=spec.spin,
        burst=spec.burst,
        window=spec.window,
        heartbeat=spec.heartbeat,
        suspect=spec.suspect,
        start_deadline=spec.start_deadline,
        result_wait=RESULT_WAIT_BY_HAND if by_hand else RESULT_WAIT,
    )
