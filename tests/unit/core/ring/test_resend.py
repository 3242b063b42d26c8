"""Links that are reset: HELLO says what is lacking, nothing is lost and nothing comes twice."""

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rings import Recorder, fold_of

from ringrun.core.messages import Hello
from ringrun.core.node import SlaveId
from ringrun.core.ring.frame import HEADER, WAGON, Kind
from ringrun.core.ring.models import MODELS
from ringrun.core.rules import Rules
from ringrun.core.slave.slave import Slave

MODEL = st.sampled_from(sorted(MODELS))
SEEDS = st.integers(0, 2**31)
# (steps since the last cut, which link, how long it is down)
CUTS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 5), st.sampled_from([0.0, 0.001, 0.02])),
    min_size=1,
    max_size=5,
)


def all_equal(ring: Recorder) -> bool:
    """Whether everyone approved everything that travelled, with nothing twice in it."""
    log = ring.log(len(ring.seen))
    folds = {
        (totals.count, totals.sum_exact, totals.digest.hex())
        for totals in (slave.at.log.totals() for slave in ring.slaves() if slave.at.log is not None)
    }
    return folds == {fold_of(log)} and len({(s, k) for s, k, _ in log}) == len(log)


def cut_and_run(ring: Recorder, cuts: list[tuple[int, int, float]]) -> int:
    """Reset links in the middle of things, then go to the end; entries issued after the cuts."""
    ring.go()
    keys = ring.keys
    links = [(one, other) for at, one in enumerate(keys) for other in keys[at + 1 :]]
    for steps, which, downtime in cuts:
        for _ in range(steps):
            ring.step()
        ring.cut(*links[which % len(links)], downtime=downtime)
    ring.run(ring.now + 0.03)
    before = len(ring.seen)
    ring.run(1.0)
    return len(ring.seen) - before


@settings(max_examples=60)
@given(MODEL, st.integers(2, 4), SEEDS, st.integers(1, 3), CUTS)
def test_resets_at_any_moment_lose_nothing_and_double_nothing(
    model: str, count: int, seed: int, burst: int, cuts: list[tuple[int, int, float]]
) -> None:
    """Everything under way is lost with the link; the ring goes on, and all approve the same."""
    ring = Recorder(count, model, seed=seed, burst=burst, send=0.25, grace=0.25)
    assert cut_and_run(ring, cuts) > 0
    assert all_equal(ring)


@settings(max_examples=30)
@given(MODEL, st.integers(2, 4), SEEDS, st.integers(0, 60), st.integers(0, 5))
def test_a_reset_while_draining_is_made_good(
    model: str, count: int, seed: int, steps: int, which: int
) -> None:
    """In GRACE as well: what was issued is approved by all (G8)."""
    ring = Recorder(count, model, seed=seed, send=0.03125, grace=0.25).go()
    ring.run(0.03125)
    for _ in range(steps):
        ring.step()
    links = [(one, other) for one in ring.keys for other in ring.keys if one < other]
    ring.cut(*links[which % len(links)], downtime=0.01)
    ring.run(1.0)
    assert all_equal(ring)


def test_a_fresh_turn_that_overtakes_those_sent_again_costs_nothing() -> None:
    """s1 issues between its link_up and the HELLO of s3: the older turns come after that one."""
    ring = Recorder(4, "window", seed=173085313, send=0.03125, grace=0.25).go()
    ring.run(0.03125)
    ring.step()
    ring.cut(ring.keys[1], ring.keys[3], downtime=0.01)
    ring.run(1.0)
    assert all_equal(ring)


def first_turn() -> tuple[Recorder, Slave]:
    """Slave 0 of three has sent its first turn of a window, and nobody has it yet."""
    ring = Recorder(3, "window", burst=2, send=0.125, grace=0.125).go()
    slave = ring.slaves()[0]
    slave.issue(ring.local(ring.nodes[slave.node]))
    slave.frames.clear()
    return ring, slave


def test_what_a_peer_lacks_is_sent_again_though_it_has_a_later_turn() -> None:
    """A fresh turn overtook this one, and then the link was reset again: `held` tells."""
    ring, slave = first_turn()
    now = ring.local(ring.nodes[slave.node])
    slave.receive(SlaveId(2, 1), Hello(view=1, held=0, approved=0, turn=9), now)
    ((to, parts),) = slave.frames
    assert to == (2,)
    assert len(b"".join(parts)) == HEADER.size + WAGON.size + 2 * 8
    slave.frames.clear()
    slave.receive(SlaveId(1, 1), Hello(view=1, held=2, approved=0, turn=9), now)
    assert slave.frames == []


def test_what_one_peer_was_told_by_hello_is_not_told_to_all() -> None:
    """In GRACE: all have said to slave 0 that they hold everything, but not to each other.

    It approves, and passes the turn on all the same, so that the others can say it to all.
    """
    ring, slave = first_turn()
    now = ring.local(ring.nodes[slave.node]) + ring.plan.send
    slave.tick(now)
    for ordinal in (1, 2):
        slave.receive(SlaveId(ordinal, 1), Hello(view=1, held=2, approved=0, turn=1), now)
    assert slave.at.log is not None
    assert slave.at.log.approved == 2
    slave.frames.clear()
    slave.data(2, memoryview(HEADER.pack(Kind.TURN, 0, 1, 3, 3, 0, 0)), now)
    assert slave.pending
    slave.issue(now)
    assert [to for to, _ in slave.frames] == [(1, 2)]


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_single_cut_of_a_short_run_is_made_good(model: str) -> None:
    """Each link of three, before each of the first steps."""
    for step in range(45):
        for which in range(3):
            ring = Recorder(3, model, burst=2, seed=step, send=0.0625, grace=0.125)
            assert cut_and_run(ring, [(step, which, 0.0)]) > 0, (step, which)
            assert all_equal(ring), (step, which)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_without_resending_the_ring_stands_still(model: str) -> None:
    """What the rule is there for: some cut of the same short run is never made good."""
    rules = Rules(resend_after_reset=False)
    stuck = 0
    for step in range(45):
        ring = Recorder(3, model, burst=2, seed=step, send=0.0625, grace=0.125, rules=rules)
        stuck += not (cut_and_run(ring, [(step, 0, 0.0)]) > 0 and all_equal(ring))
    assert stuck > 0


class Echoing(Recorder):
    """Sends frames again: at once, or much later behind others of the same link."""

    def send_frame(self, node: object, ordinal: int, frame: bytes) -> None:
        """And now and then what was sent to the same slave before."""
        if not hasattr(self, "past"):
            self.past: dict[tuple[object, int], list[bytes]] = defaultdict(list)
        past = self.past[node, ordinal]
        past.append(frame)
        super().send_frame(node, ordinal, frame)
        if self.random.random() < 0.2:
            for _ in range(self.random.randrange(1, 3)):
                super().send_frame(node, ordinal, self.random.choice(past[-8:]))


@settings(max_examples=60)
@given(MODEL, st.integers(2, 4), SEEDS, st.integers(1, 3))
def test_frames_that_come_again_change_nothing(
    model: str, count: int, seed: int, burst: int
) -> None:
    """By (view, index), by turn, or by the train's number: what is known is dropped."""
    ring = Echoing(count, model, seed=seed, burst=burst, send=0.125, grace=0.25).whole()
    assert len(ring.seen) > count
    assert all_equal(ring)


@pytest.mark.parametrize(
    ("model", "rules"),
    [
        ("train", Rules(train_sequence=False)),
        ("window", Rules(deduplicate=False)),
        ("lockstep", Rules(deduplicate=False)),
    ],
)
def test_without_dropping_what_is_known_entries_come_twice(model: str, rules: Rules) -> None:
    """What the rules are there for: some such run disagrees with what travelled, or breaks."""
    broken = 0
    for seed in range(10):
        try:
            ring = Echoing(3, model, seed=seed, send=0.125, grace=0.25, rules=rules).whole()
            broken += not all_equal(ring)
        except Exception:  # any failure shows what the rule prevents
            broken += 1
    assert broken > 0
