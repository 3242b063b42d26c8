"""What one simulated run is: settings, surroundings, and the seed that all else is drawn from.

`draw` in here makes a case of a seed and a profile of faults; scenarios make theirs by hand. Values
only: `world` builds them up, `faults` holds what goes wrong.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from ringrun.core.master.election import Terms
from ringrun.core.record import Plan
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.core.supervisor.masters import PODS, PROCESSES, Delays
from ringrun.core.supervisor.patience import CLUSTER, LOCAL, Bounds
from ringrun.spec import Cleanup, FailurePolicy, Model, RunSpec

RESULT_WAIT = 3.0
"""Seconds; the real 300 would only add heartbeats to runs whose processes wait for the dead."""

# The lease's own times (docs/protocol.md, Leading), all at this share, so that runs are short.
_SHARE = 0.3
TERMS = Terms(lease=4.0 * _SHARE, renew=1.0 * _SHARE, stop_after=3.0 * _SHARE)
REQUEST_TIMEOUT = 1.0 * _SHARE


class Profile(StrEnum):
    """Which faults a run may have."""

    NONE = "none"
    CRASH = "crash"
    NETWORK = "network"
    RECORD = "record"
    CLOCK = "clock"
    SUPERVISOR = "supervisor"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run. All times in seconds of true time, those of the spec on each node's own clock."""

    seed: int
    spec: RunSpec
    profile: Profile = Profile.NONE
    rules: Rules = ALL_RULES
    delay: float = 0.005
    """Of a message, at least."""
    jitter: float = 0.005
    """What is drawn on top of it, at most."""
    turn: float = 0.0005
    """From a turn being due to its being taken; what arrives meanwhile is handled before."""
    disk: float = 0.001
    store_delay: float = 0.01
    poll: float = 0.1
    """How often a master that does not lead reads the record."""
    supervision: float = 0.05
    """From something happening to the supervisor's decision."""
    delays: Delays = PROCESSES
    """Until a master that could not live is followed by another."""
    bounds: Bounds = LOCAL
    """Of the supervisor's patience."""
    reads_disk: bool = True
    """Whether the supervisor can read the result of a slave that still runs."""
    watch: bool = False
    """Whether masters are told of changes of the record unasked, as a cluster's watch does."""
    skew: float = 0.0
    """Clock rates are within 1 +- this."""
    duplicates: float = 0.0
    """The share of commands that arrive twice."""
    fault_count: int = 0
    faults_from: float = 0.0
    quiet_from: float = 0.0
    """When all faults have stopped."""
    steady: bool = False
    """Whether the surroundings take the same time every time, as scenarios want it."""
    wants_progress: bool = False
    """Whether SEND lasts so long after the faults that the count must have grown again (G9)."""

    @property
    def plan(self) -> Plan:
        spec = self.spec
        return Plan(
            run=spec.name,
            nodes=spec.nodes,
            seed=spec.seed,
            model=str(spec.model),
            send=spec.send,
            grace=spec.grace,
            tick=spec.tick,
            spin=0.0,
            burst=spec.burst,
            window=spec.window,
            heartbeat=spec.heartbeat,
            suspect=spec.suspect,
            start_deadline=spec.start_deadline,
            result_wait=RESULT_WAIT,
        )

    @property
    def can_lose_record(self) -> bool:
        """Whether its supervisor can know that the record is lost; a local run's store answers an
        empty one then, as if nothing had been written yet."""
        return self.bounds != LOCAL

    @property
    def size(self) -> float:
        """How much more must happen, at the most, than in the largest run that is drawn: all pairs
        of slaves have heartbeats, as long as the run lasts."""
        spec = self.spec
        return max(1.0, (spec.nodes / 5) ** 2) * max(1.0, (spec.send + spec.grace) / 20)

    @property
    def same_clock(self) -> bool:
        """Whether the journals of different nodes can be put in one order by their times."""
        return self.skew == 0.0


def make_spec(
    *,
    nodes: int = 3,
    model: Model = Model.LOCKSTEP,
    send: float = 1.0,
    grace: float = 0.3,
    seed: int = 0,
    burst: int = 1,
    window: int | None = None,
    masters: int = 2,
    heartbeat: float = 0.1,
    suspect: float = 0.3,
    start_deadline: float = 20.0,
    policy: FailurePolicy = FailurePolicy.REPLACE,
    replacements: int = 10,
) -> RunSpec:
    """A spec of the simulation; shorter periods than a user may give."""
    return RunSpec(
        name="simulated",
        nodes=nodes,
        seed=seed,
        model=model,
        send=send,
        grace=grace,
        tick=0.0,
        spin=0.0,
        burst=burst,
        window=(nodes + 1) * burst if window is None else window,
        masters=masters,
        on_slave_failure=policy,
        max_replacements=replacements,
        heartbeat=heartbeat,
        suspect=suspect,
        start_deadline=start_deadline,
        active_deadline=None,
        ttl=None,
        cleanup=Cleanup.KEEP,
        suspend=False,
        abort=False,
    )


# Deliveries in SEND that a case is drawn for, if nothing goes wrong.
_DELIVERIES = 50
# What a run needs after its faults until the count must have grown: a lease that nobody frees,
# a master's start, suspicion, a change of view.
RECOVERY = 4.0


def draw(
    seed: int, profile: Profile, rules: Rules = ALL_RULES, spec: RunSpec | None = None
) -> Case:
    """The case of a seed. With a spec, only the surroundings are drawn."""
    # Strings seed Random the same way in every process; hash() would not.
    random = Random(f"case {seed} {profile}")
    wants_progress = profile is not Profile.NONE and random.random() < 0.02
    if spec is None:
        nodes = random.choice((2, 3, 3, 4, 4, 5))
        faulty = random.choice((0.5, 0.8, 1.2))
        send = faulty + RECOVERY + 2.0 if wants_progress else random.choice((0.5, 0.7, 0.9))
        burst = random.randint(1, 3)
        heartbeat = 0.3 if wants_progress else random.choice((0.1, 0.2, 0.3))
        policy = FailurePolicy.REPLACE if random.random() < 0.8 else FailurePolicy.CONTINUE
        spec = make_spec(
            nodes=nodes,
            model=random.choice(tuple(Model)),
            send=send,
            grace=random.choice((0.1, 0.2, 0.4)),
            seed=random.randrange(1 << 63),
            burst=burst,
            window=random.choice((burst, 2 * burst, (nodes + 1) * burst)),
            masters=random.choice((1, 2, 2, 3)),
            heartbeat=heartbeat,
            suspect=3 * heartbeat,
            policy=policy,
        )
    else:
        faulty = spec.send * random.uniform(0.2, 1.0)
        wants_progress = spec.send > faulty + RECOVERY + 1.0
    # The train makes one hop at a time, the others have n - 1 frames under way.
    hops = _DELIVERIES / (1 if spec.model is Model.TRAIN else spec.nodes - 1)
    hop = min(spec.send / hops, 0.05)
    turn = random.choice((0.02, 0.1, 0.5)) * hop
    hop = max(hop - turn, hop / 4)
    disturbed = profile is not Profile.NONE
    clock = profile in {Profile.CLOCK, Profile.ALL} and random.random() < 0.7
    begins = 0.4
    faults_from = 0.1
    if not disturbed:
        quiet_from = 0.0
    elif wants_progress:
        quiet_from = begins + faulty
    else:
        quiet_from = begins + (spec.send + spec.grace + 0.6) * random.uniform(0.3, 1.0)
        if random.random() < 0.3:
            # The end has rules of its own; give it a share of its own.
            faults_from = begins + spec.send * random.uniform(0.8, 1.0)
            quiet_from = faults_from + spec.grace + random.choice((0.5, 1.5))
    case = Case(
        seed=seed,
        spec=spec,
        profile=profile,
        rules=rules,
        delay=0.6 * hop,
        jitter=0.8 * hop,
        turn=turn,
        store_delay=random.choice((0.002, 0.01, 0.05)),
        poll=random.choice((0.2, 0.3, 0.5)),
        supervision=random.choice((0.01, 0.05, 0.3)),
        watch=random.random() < 0.3,
        skew=0.1 if clock else 0.0,
        duplicates=0.1 if profile in {Profile.NETWORK, Profile.ALL} else 0.0,
        fault_count=random.choice((1, 2, 2, 3, 3, 4, 5)) if disturbed else 0,
        faults_from=faults_from,
        quiet_from=quiet_from,
        wants_progress=wants_progress,
    )
    # A cluster's masters come so late that no count could be expected to grow soon.
    supervised = profile in {Profile.SUPERVISOR, Profile.ALL} and not wants_progress
    if supervised and random.random() < 0.3:
        return replace(case, delays=PODS, bounds=CLUSTER, reads_disk=False)
    return case
