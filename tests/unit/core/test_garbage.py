"""Live cores that are told nonsense: it is refused or ignored, and nobody falls over it.

What is thrown is well formed as far as the wire can tell. Only `ProtocolError` may escape, for then
the runner drops that one connection; anything else would end the process.
"""

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from driver import Node
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_messages import ABSURD, Babble
from rings import LEADER, Ring, Tapped, fold_of
from runs import MODELS as ALL_MODELS
from runs import Run, spec_of

from ringrun.core.errors import ProtocolError
from ringrun.core.messages import Command, Fetch, Fetched, Sync, Wedge
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.ring.frame import HEADER, WAGON, wagons_of
from ringrun.core.ring.models import MODELS
from ringrun.spec import Model

MODEL = st.sampled_from(sorted(MODELS))
SEEDS = st.integers(0, 2**31)
WIDTHS = (8, 16, 32, 64, 64, 64, 64)


class Noisy(Tapped):
    """A ring whose members hold on to what they are told, and never crash themselves.

    A frame that a member sends after it heard nonsense must still be one: else its innocent peers
    would drop the wrong connection.
    """

    def send_frame(self, node: Node, ordinal: int, frame: bytes) -> None:
        """Check the shape of what leaves."""
        wagons_of(memoryview(frame), HEADER.unpack_from(frame)[1])
        super().send_frame(node, ordinal, frame)

    def go_on(self, count: int) -> None:
        """Go on; whatever honest slaves now hold against each other is a ProtocolError."""
        for _ in range(count):
            with suppress(ProtocolError):
                self.step()

    def throw(self, key: SlaveId, function: Any, *arguments: Any) -> None:
        """Tell one slave something."""
        node = self.nodes[key]
        with suppress(ProtocolError):
            function(*arguments, self.local(node))
        self.drain(node)


def number(random: Random, near: int, width: int) -> int:
    """A field of a frame."""
    if random.random() < 0.7:
        near += random.randint(-3, 5)
    else:
        near = random.choice([0, 1, 2, *ABSURD])
    return near % (1 << width)


def nonsense(random: Random, ring: Noisy, source: int, target: SlaveId) -> bytes:
    """A data frame: the last real one with fields changed, one made up, or noise."""
    real = ring.last.get((source, target.ordinal))
    draw = random.random()
    if real is not None and draw < 0.6:
        fields, rest = list(HEADER.unpack_from(real)), bytearray(real[HEADER.size :])
        for at in random.sample(range(7), random.randint(1, 2)):
            fields[at] = number(random, fields[at], WIDTHS[at])
        if rest and random.random() < 0.2:
            rest[random.randrange(len(rest))] ^= 1 << random.randrange(8)
        return HEADER.pack(*fields) + bytes(rest)
    if draw > 0.95:
        return random.randbytes(random.randrange(120))
    log = ring.slave(target).at.log
    held = 0 if log is None else log.held
    table = [
        (random.choice([0, 1, 2, 9, 2**32 - 1]), number(random, held, 64), random.randint(0, 3))
        for _ in range(random.choice([0, 1, 1, 2]))
    ]
    fields = [random.randrange(8), len(table), 1]
    fields += [number(random, held, 64) for _ in range(4)]
    numbers = random.randbytes(8 * sum(length for _, _, length in table))
    return HEADER.pack(*fields) + b"".join(WAGON.pack(*wagon) for wagon in table) + numbers


@settings(max_examples=150)
@given(MODEL, st.integers(2, 3), st.integers(1, 3), st.booleans(), SEEDS)
def test_no_frame_of_a_member_brings_a_slave_down(
    model: str, count: int, burst: int, journal: bool, seed: int
) -> None:
    """Several in a row, in the live view; the slave is then given turns and real frames."""
    random = Random(seed)
    ring = Noisy(count, model, seed=seed, burst=burst, journal=journal)
    ring.go()
    for _ in range(random.randint(1, 6)):
        ring.go_on(random.randrange(25))
        key = random.choice(ring.keys)
        source = random.choice([o for o in range(count + 1) if o != key.ordinal])
        frame = nonsense(random, ring, source, key)
        ring.throw(key, ring.slave(key).data, source, memoryview(frame))
    ring.go_on(60)


@settings(max_examples=40)
@given(MODEL, st.integers(2, 4), SEEDS)
def test_frames_of_other_views_and_of_strangers_change_nothing(
    model: str, count: int, seed: int
) -> None:
    """An old view's frame of an index that was issued again, for example: the run still agrees."""
    random = Random(seed)
    ring = Noisy(count, model, seed=seed).go()
    view = 1
    for _ in range(12):
        ring.go_on(random.randrange(12))
        if random.random() < 0.2:
            view += 1
            ring.change(view)
        key = random.choice(ring.keys)
        source = random.choice([o for o in range(count) if o != key.ordinal])
        frame = bytearray(nonsense(random, ring, source, key))
        if len(frame) >= HEADER.size and random.random() < 0.8:
            fields = list(HEADER.unpack_from(frame))
            fields[2] = random.choice([0, view - 1, view + 1, 2**32 - 1])
            frame[: HEADER.size] = HEADER.pack(*fields)
        else:
            source = random.choice([count, count + 1, 2**32 - 1])
        ring.throw(key, ring.slave(key).data, source, memoryview(bytes(frame)))
    ring.run(ring.plan.send + ring.plan.grace + 0.1)
    assert {slave.at.view for slave in ring.slaves()} == {view}
    logs = {slave.at.log.totals().digest for slave in ring.slaves() if slave.at.log is not None}
    assert len(logs) == 1
    issued = max(slave.tally.issued for slave in ring.slaves())
    assert {slave.at.log.approved for slave in ring.slaves() if slave.at.log is not None} == {
        issued
    }


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("size", [0, 1, HEADER.size - 1])
def test_a_frame_without_a_whole_header_is_refused(model: str, size: int) -> None:
    """It says not even of which view it is."""
    slave = Ring(2, model).go().slaves()[0]
    with pytest.raises(ProtocolError, match="at least"):
        slave.data(1, memoryview(bytes(size)), 0.0)


REFUSED = [
    ("lockstep", {"kind": 4}, "kind"),
    ("lockstep", {"kind": 0}, "kind"),
    ("lockstep", {"kind": 1, "wagons": 0}, "message"),
    ("lockstep", {"kind": 1, "wagons": 2}, "message"),
    ("window", {"kind": 5}, "kind"),
    ("window", {"wagons": 2}, "wagons"),
    ("window", {"wagons": 65535}, "wagons"),
    ("train", {"kind": 4}, "train"),
    ("train", {"wagons": 65535}, "wagons"),
    ("train", {"first": 2**62 - 1}, "held"),
]


@pytest.mark.parametrize(("model", "changes", "words"), REFUSED)
def test_a_wrong_frame_of_the_parent_is_refused_in_words(
    model: str, changes: dict[str, int], words: str
) -> None:
    """Of another kind, with wagons that it does not have, or beyond everything."""
    ring = Ring(2, model, burst=2).go()
    slave = ring.slaves()[1]
    fields = {"kind": {"lockstep": 1, "window": 4, "train": 5}[model], "wagons": 0, "view": 1}
    fields |= {"turn": 1, "first": 1, "ack": 0, "approved": 0, **changes}
    with pytest.raises(ProtocolError, match=words):
        slave.data(0, memoryview(HEADER.pack(*fields.values())), ring.local(ring.nodes[slave.node]))


@pytest.mark.parametrize("model", sorted(MODELS))
def test_entries_of_another_sender_are_refused(model: str) -> None:
    """A slave sends its own stream; only the train carries what others have sent."""
    ring = Ring(3, model, burst=2).go()
    slave = ring.slaves()[1]
    kind = {"lockstep": 1, "window": 4, "train": 5}[model]
    frame = HEADER.pack(kind, 1, 1, 1, 1, 1, 0) + WAGON.pack(2, 1, 1) + bytes(8)
    now = ring.local(ring.nodes[slave.node])
    if model == "train":
        slave.data(0, memoryview(frame), now)
        with pytest.raises(ProtocolError, match="comes from slave 0"):
            slave.data(2, memoryview(frame), now)
    else:
        with pytest.raises(ProtocolError, match="of slave 2"):
            slave.data(0, memoryview(frame), now)


# Control messages


@settings(max_examples=150)
@given(MODEL, st.booleans(), st.booleans(), SEEDS)
def test_nothing_that_a_slave_says_brings_another_down(
    model: str, prepared_only: bool, journal: bool, seed: int
) -> None:
    """HELLO, FETCH, FETCHED and whatever only masters are told; before GO, running, and wedged."""
    random = Random(seed)
    ring = Noisy(3, model, seed=seed, burst=2, members=[0, 1], journal=journal)
    if not prepared_only:
        ring.go()
    everyone = [SlaveId(ordinal, 1) for ordinal in range(3)]
    for turn in range(8):
        ring.go_on(random.randrange(12))
        if turn == 3 and not prepared_only:
            syncing(ring, random)
        key = random.choice(everyone)
        source = SlaveId(random.choice([0, 1, 2, 7]), random.choice([1, 1, 1, 2]))
        core = ring.slave(key)
        held = core.at.log.held if core.at.log is not None else 0
        babble = Babble(random, plan=ring.plan, view=core.at.view, held=held)
        message = babble.from_peer() if random.random() < 0.9 else babble.from_slave()
        if source != key:
            ring.throw(key, core.receive, source, message)
    ring.go_on(60)


def syncing(ring: Ring, random: Random) -> Sync:
    """All are wedged; members and a joiner are told to hold a cut that perhaps nobody holds."""
    for key in ring.keys:
        ring.say(key, Wedge(**ring.command, attempt=1, record=ring.record, elapsed=0.0))
    logs = [slave.at.log for slave in ring.slaves() if slave.at.log is not None]
    cut = max(log.held for log in logs) + random.choice([0, 3])
    donor = ring.members[0]
    sync = Sync(**ring.command, attempt=1, view=1, cut=cut, donor=donor, plan=ring.plan)
    for ordinal in range(3):
        ring.say(SlaveId(ordinal, 1), sync)
    return sync


@settings(max_examples=150)
@given(st.sampled_from([1, 2]), st.booleans(), SEEDS)
def test_no_answer_of_a_donor_brings_down_who_asked(ordinal: int, journal: bool, seed: int) -> None:
    """A survivor or a joiner, under the right tags: entries and folds that do not fit."""
    random = Random(seed)
    ring = Noisy(3, "lockstep", seed=seed, members=[0, 1], journal=journal).go()
    ring.go_on(random.randrange(40))
    syncing(ring, random)
    asking, donor = SlaveId(ordinal, 1), SlaveId(0, 1)
    for _ in range(3):
        log = ring.slave(asking).at.log
        held = log.held if log is not None else random.choice([0, 3, 4096])
        babble = Babble(random, plan=ring.plan, view=1, held=held)
        batches, numbers = babble.batches()
        said = Fetched(
            epoch=1, attempt=1, view=1, batches=batches, numbers=numbers, base=babble.base()
        )
        ring.throw(asking, ring.slave(asking).receive, donor, said)
        log = ring.slave(donor).at.log
        assert log is not None
        fetch = Fetch(
            epoch=1,
            attempt=1,
            view=1,
            first=babble.near(log.held),
            last=babble.near(log.held),
            snapshot=random.random() < 0.5,
        )
        ring.throw(donor, ring.slave(donor).receive, asking, fetch)


# Told of a GO by garbage, and of no view: there is nothing to give at the end.
@example(model="lockstep", prepared_only=True, seed=168158)
@settings(max_examples=100)
@given(MODEL, st.booleans(), SEEDS)
def test_no_command_brings_a_slave_down(model: str, prepared_only: bool, seed: int) -> None:
    """Of this leader, of another with its epoch, of a lower and of a higher epoch."""
    random = Random(seed)
    ring = Noisy(3, model, seed=seed, burst=2, journal=random.random() < 0.5)
    if not prepared_only:
        ring.go()
    for _ in range(8):
        ring.go_on(random.randrange(20))
        key = random.choice(ring.keys)
        core = ring.slave(key)
        held = core.at.log.held if core.at.log is not None else 0
        babble = Babble(random, plan=ring.plan, view=core.at.view, held=held)
        source = random.choice([LEADER, LEADER, MasterId(1, 1)])
        if ring.nodes[key].alive:
            command = babble.command(str(source), random.choice([1, 1, 1, 2, 0]))
            ring.throw(key, core.receive, source, command)
    ring.go_on(60)


@settings(max_examples=40)
@given(MODEL, SEEDS)
def test_commands_of_older_epochs_change_nothing(model: str, seed: int) -> None:
    """Whatever a leader that was replaced still says, the run goes on and agrees."""
    random = Random(seed)
    ring = Noisy(3, model, seed=seed)
    ring.record = ring.record.evolve(epoch=4, holder="m1-1")
    ring.leader, ring.epoch = MasterId(1, 1), 4
    ring.go()
    for _ in range(10):
        ring.go_on(random.randrange(15))
        key = random.choice(ring.keys)
        babble = Babble(random, plan=ring.plan, view=1, held=ring.slave(key).at.log.held)  # type: ignore[union-attr]
        command: Command = babble.command(str(LEADER), random.choice([0, 1, 3, 4]))
        ring.throw(key, ring.slave(key).receive, LEADER, command)
    ring.run(1.0)
    logs = [slave.at.log for slave in ring.slaves() if slave.at.log is not None]
    issued = max(slave.tally.issued for slave in ring.slaves())
    assert {log.totals() for log in logs} == {logs[0].totals()}
    assert logs[0].approved == issued > 0


@settings(max_examples=40)
@given(st.sampled_from(ALL_MODELS), SEEDS)
def test_nothing_that_a_slave_says_brings_a_master_down(model: Model, seed: int) -> None:
    """Leader or standby, in any stage; and the run still comes to an end."""
    random = Random(seed)
    run = Run(spec_of(model=model), seed=seed)
    for _ in range(8):
        for _ in range(random.randrange(60)):
            if run.living():
                run.step()
        masters = [node for node in run.living() if isinstance(node.key, MasterId)]
        if not masters:
            return
        node = random.choice(masters)
        record = run.store.read()
        babble = Babble(random, plan=run.plan, view=record.view, held=record.cut)
        source = SlaveId(random.choice([0, 1, 2, 7]), random.choice([1, 1, 1, 2]))
        run.call(node, node.core.receive, source, babble.from_slave())
    run.finish()


def test_the_reference_of_these_tests_is_the_definition() -> None:
    """An empty log and one entry, by hand."""
    assert fold_of([]) == (0, 0, "00" * 32)
    assert fold_of([(3, 1, 7)])[:2] == (1, 7)
