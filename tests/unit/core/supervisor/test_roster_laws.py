"""Laws of the supervisor's decisions, from any observed state whatever."""

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.node import SlaveId
from ringrun.core.orders import Leaving, Orders
from ringrun.core.phase import Phase
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Member, Record
from ringrun.core.supervisor.observed import Observed, SlaveSeen
from ringrun.core.supervisor.roster import DELETE_AFTER, Decision, decide
from ringrun.spec import FailurePolicy, RunSpec, default_run

NODES = 3
NOW = 100.0
PLACES = st.builds(SlaveId, st.integers(0, NODES - 1), st.integers(1, 4))


@st.composite
def specs(draw: st.DrawFn) -> RunSpec:
    """Specs that differ in what the supervisor looks at."""
    return replace(
        default_run(),
        nodes=NODES,
        on_slave_failure=draw(st.sampled_from(FailurePolicy)),
        max_replacements=draw(st.integers(0, 4)),
        suspend=draw(st.booleans()),
        abort=draw(st.booleans()),
        active_deadline=draw(st.sampled_from([None, 50.0, 500.0])),
    )


@st.composite
def members(draw: st.DrawFn) -> tuple[Member, ...]:
    """At most one incarnation of each ordinal, some without an address."""
    places = dict(draw(st.lists(PLACES, max_size=NODES)))
    return tuple(
        Member(ordinal=o, incarnation=i, host="h", port=draw(st.sampled_from([0, 10 * i + o])))
        for o, i in sorted(places.items())
    )


@st.composite
def some_orders(draw: st.DrawFn) -> Orders:
    """Orders of any run so far."""
    roster = draw(members())
    on_roster = {member.node for member in roster}
    off = st.frozensets(PLACES.filter(lambda node: node not in on_roster), max_size=4)
    dead = draw(off)
    leaving = draw(off) - dead
    return Orders(
        version=draw(st.integers(1, 9)),
        phase=draw(st.sampled_from([Phase.START, Phase.SEND, Phase.STOP])),
        roster=roster,
        dead=tuple(sorted(dead)),
        leaving=tuple(Leaving(*node, draw(st.floats(0, NOW))) for node in sorted(leaving)),
        replaced=draw(st.integers(0, 4)),
    )


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    """Slaves in any state."""
    places = sorted(draw(st.frozensets(PLACES, max_size=8)))
    return Observed(
        slaves=tuple(
            SlaveSeen(
                ordinal=o,
                incarnation=i,
                host="h",
                port=draw(st.sampled_from([0, 10 * i + o])),
                ended=draw(st.booleans()),
                deleting=draw(st.booleans()),
                disrupted=draw(st.booleans()),
                cause="killed",
            )
            for o, i in places
        ),
        masters=("m0-1",),
        stop=draw(st.sampled_from([None, Reason(Why.INTERRUPTED)])),
    )


@st.composite
def records(draw: st.DrawFn) -> Record | None:
    """Records of any phase, or none."""
    if draw(st.booleans()):
        return None
    view = draw(st.integers(0, 2))
    inside = draw(members()) if view else ()
    admitted = {member.ordinal: member.incarnation for member in inside}
    for ordinal, incarnation in draw(st.lists(PLACES, max_size=3)) if view else ():
        admitted[ordinal] = max(incarnation, admitted.get(ordinal, 0))
    return Record(
        version=draw(st.integers(1, 9)),
        view=view,
        members=inside,
        phase=draw(st.sampled_from(Phase)) if view else Phase.START,
        prepared=tuple(draw(st.lists(PLACES, max_size=4))),
        incarnations=tuple(SlaveId(*each) for each in sorted(admitted.items())),
    )


CASES = st.tuples(specs(), some_orders() | st.just(Orders()), observations(), records())


def used(orders: Orders, observed: Observed, record: Record | None) -> set[SlaveId]:
    """Every incarnation that existed, as far as anything tells."""
    known = {member.node for member in orders.roster if member.port} | set(orders.dead)
    known |= {each.node for each in orders.leaving} | {each.node for each in observed.slaves}
    if record is not None:
        known |= set(record.incarnations) | set(record.prepared)
    return known


def carry_out(decision: Decision, observed: Observed) -> Observed:
    """A world in which everything that was decided happens at once."""
    slaves = {each.node: each for each in observed.slaves}
    for node in decision.delete:
        slaves[node] = replace(slaves[node], ended=True)
    for node in decision.create:
        assert node not in slaves
        ordinal, incarnation = node
        slaves[node] = SlaveSeen(
            ordinal=ordinal, incarnation=incarnation, host="h", port=10 * incarnation + ordinal
        )
    return replace(observed, slaves=tuple(slaves.values()))


@given(CASES)
def test_deciding_twice_is_deciding_once(
    case: tuple[RunSpec, Orders, Observed, Record | None],
) -> None:
    """A supervisor that dies after keeping its orders comes to the same again."""
    spec, orders, observed, record = case
    once = decide(spec, orders, observed, record, NOW, 0.0)
    twice = decide(spec, once.orders, observed, record, NOW, 0.0)
    assert twice.orders == once.orders
    assert twice.create == once.create
    assert twice.delete == once.delete


@given(CASES)
def test_nothing_that_was_used_is_created(
    case: tuple[RunSpec, Orders, Observed, Record | None],
) -> None:
    """No incarnation comes back (G12), and each one created is on the roster that is kept first."""
    spec, orders, observed, record = case
    decision = decide(spec, orders, observed, record, NOW, 0.0)
    first_use = {member.node for member in orders.roster if not member.port}
    assert not set(decision.create) & (used(orders, observed, record) - first_use)
    assert set(decision.create) <= {member.node for member in decision.orders.roster}
    assert len({ordinal for ordinal, _ in decision.create}) == len(decision.create)


@given(CASES)
def test_the_roster_holds_one_living_incarnation_of_an_ordinal(
    case: tuple[RunSpec, Orders, Observed, Record | None],
) -> None:
    """Sorted, never two of one, never a dead one, and complete only when whole."""
    spec, orders, observed, record = case
    new = decide(spec, orders, observed, record, NOW, 0.0).orders
    ordinals = [member.ordinal for member in new.roster]
    assert ordinals == sorted(set(ordinals))
    ended = {each.node for each in observed.slaves if each.ended}
    assert not {member.node for member in new.roster} & (ended | set(new.dead))
    assert new.complete == (
        len(new.roster) == spec.nodes and all(member.port for member in new.roster)
    )


@given(CASES)
def test_what_was_noted_is_kept(case: tuple[RunSpec, Orders, Observed, Record | None]) -> None:
    """Dead stay dead, counters do not go down, STOP is final."""
    spec, orders, observed, record = case
    new = decide(spec, orders, observed, record, NOW, 0.0).orders
    assert set(new.dead) >= set(orders.dead)
    assert new.replaced >= orders.replaced
    assert new.version in {orders.version, orders.version + 1}
    if orders.phase is Phase.STOP:
        assert new.phase is Phase.STOP
        assert new.stop_reason == orders.stop_reason


@given(CASES)
def test_from_any_state_it_comes_to_rest(
    case: tuple[RunSpec, Orders, Observed, Record | None],
) -> None:
    """With a world that obeys, nothing is left to do after few rounds, and the rest is right."""
    spec, orders, observed, record = case
    for _ in range(4):
        decision = decide(spec, orders, observed, record, NOW, 0.0)
        orders, observed = decision.orders, carry_out(decision, observed)
    late = NOW + DELETE_AFTER
    decision = decide(spec, orders, observed, record, late, 0.0)
    observed = carry_out(decision, observed)
    for _ in range(2):
        decision = decide(spec, decision.orders, observed, record, late, 0.0)
    assert decision.create == decision.delete == ()
    assert decide(spec, decision.orders, observed, record, late, 0.0) == decision
    living = {each.node for each in observed.slaves if not each.ended and not each.deleting}
    assert living == {member.node for member in decision.orders.roster} & living
    if decision.orders.phase is not Phase.STOP:
        assert living == {member.node for member in decision.orders.roster}


@given(CASES)
def test_orders_survive_their_own_json(
    case: tuple[RunSpec, Orders, Observed, Record | None],
) -> None:
    """They are kept in a file or a ConfigMap between two decisions."""
    spec, orders, observed, record = case
    new = decide(spec, orders, observed, record, NOW, 0.0).orders
    assert msgspec.json.decode(msgspec.json.encode(new), type=Orders) == new
