"""A ring of slave cores whose leader is the test: what the models do, with no master at all."""

from collections.abc import Iterable
from hashlib import sha256
from itertools import groupby
from struct import pack
from typing import Any

import numpy as np
from driver import Driver, Node

from ringrun.core.messages import Command, Install, Kick, Sync, Wedge
from ringrun.core.node import MasterId, SlaveId
from ringrun.core.phase import Phase
from ringrun.core.record import Member, Plan, Record
from ringrun.core.ring.frame import HEADER, wagons_of
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.core.slave.slave import Slave

LEADER = MasterId(0, 1)
Entry = tuple[int, int, int]
"""(sender, k, u)."""


def draws(seed: int, sender: int, count: int) -> list[int]:
    """The first numbers of a sender's stream, from the definition in docs/protocol.md."""
    philox = np.random.Philox(key=np.array([seed, sender], dtype=np.uint64))
    return [(int(raw) >> 11) + 1 for raw in philox.random_raw(count)]


def fold_of(entries: list[Entry]) -> tuple[int, int, str]:
    """(count, exact sum, digest) of a log, from the definition in docs/protocol.md."""
    digest = bytes(32)
    for begin in range(0, len(entries), 4096):
        block = list(enumerate(entries[begin : begin + 4096], begin + 1))
        data = b""
        for _, group in groupby(block, key=lambda item: (item[1][0], item[1][1] - item[0])):
            run = list(group)
            data += pack("<QIQI", run[0][0], run[0][1][0], run[0][1][1], len(run))
        data += b"".join(pack("<Q", u) for _, (_, _, u) in block)
        digest = sha256(digest + data).digest()
    total = sum(index * u for index, (_, _, u) in enumerate(entries, 1))
    return len(entries), total, digest.hex()


class Ring(Driver):
    """n slaves in view 1, all linked to each other; the commands are given at once, by hand."""

    def __init__(
        self,
        count: int,
        model: str = "lockstep",
        *,
        seed: int = 0,
        send: float = 0.125,
        grace: float = 0.25,
        burst: int = 1,
        window: int | None = None,
        rules: Rules = ALL_RULES,
        members: Iterable[int] | None = None,
        journal: bool = True,
        pace: float = 2**-12,
        heartbeat: float = 1.0,
        suspect: float = 3.0,
        fair: bool = False,
    ) -> None:
        super().__init__(seed, pace=pace, fair=fair)
        self.leader, self.epoch = LEADER, 1
        self.plan = Plan(
            run="ring",
            nodes=count,
            seed=seed,
            model=model,
            send=send,
            grace=grace,
            burst=burst,
            window=(count + 1) * burst if window is None else window,
            heartbeat=heartbeat,
            suspect=suspect,
        )
        everyone = [SlaveId(ordinal, 1) for ordinal in range(count)]
        for key in everyone:
            self.add(
                key, lambda now, key=key: Slave(node=key, now=now, journal=journal, rules=rules)
            )
        inside = set(range(count)) if members is None else set(members)
        self.keys = [key for key in everyone if key.ordinal in inside]
        self.members = tuple(Member(ordinal=key.ordinal, incarnation=1) for key in self.keys)
        self.record = Record(
            version=3,
            epoch=1,
            holder=str(LEADER),
            view=1,
            members=self.members,
            starter=self.keys[0].ordinal,
            phase=Phase.SEND,
            plan=self.plan,
        )
        for key in self.keys:
            self.say(
                key, Sync(**self.command, attempt=1, view=0, cut=0, donor=None, plan=self.plan)
            )

    @property
    def command(self) -> dict[str, Any]:
        """What every command carries."""
        return {"epoch": self.epoch, "holder": str(self.leader)}

    def say(self, key: SlaveId, message: Command) -> None:
        """A command arrives."""
        node = self.nodes[key]
        self.call(node, node.core.receive, self.leader, message)

    def go(self) -> "Ring":
        """INSTALL at all, let the links come up, then KICK."""
        for key in self.keys:
            self.say(key, Install(**self.command, record=self.record, elapsed=-1.0))
        while not self.silent:
            self.step()
        self.say(self.keys[0], Kick(**self.command, view=1, elapsed=0.0))
        return self

    def whole(self) -> "Ring":
        """From the kick to the end of GRACE."""
        self.go().run(self.plan.send + self.plan.grace + 0.1)
        return self

    def slaves(self) -> list[Slave]:
        """The cores, by ordinal."""
        return [self.slave(key) for key in self.keys]

    def change(self, view: int) -> None:
        """A view change with the same members: wedge, sync at the highest held, install, kick."""
        old = self.record
        for key in self.keys:
            self.say(key, Wedge(**self.command, attempt=view, record=old, elapsed=self.now))
        held = {key: self.slave(key).at.log.held for key in self.keys}
        donor = max(self.keys, key=held.__getitem__)
        cut = held[donor]
        member = self.members[self.keys.index(donor)]
        sync = Sync(
            **self.command, attempt=view, view=old.view, cut=cut, donor=member, plan=self.plan
        )
        for key in self.keys:
            self.say(key, sync)
        while not self.silent:
            self.step()
        self.record = old.evolve(view=view, cut=cut)
        for key in self.keys:
            self.say(key, Install(**self.command, record=self.record, elapsed=self.now))
        self.say(self.keys[0], Kick(**self.command, view=view, elapsed=self.now))


class Tapped(Ring):
    """Remembers the last frame of each link."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.last: dict[tuple[int, int], bytes] = {}
        super().__init__(*arguments, **options)

    def send_frame(self, node: Node, ordinal: int, frame: bytes) -> None:
        """As ever."""
        self.last[node.key[0], ordinal] = frame  # type: ignore[index]
        super().send_frame(node, ordinal, frame)


class Recorder(Ring):
    """A ring that remembers every entry it sees in a frame, where it was said to be."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.seen: dict[int, Entry] = {}
        self.frames = 0
        super().__init__(*arguments, **options)

    def send_frame(self, node: Node, ordinal: int, frame: bytes) -> None:
        """Read the frame by the layout alone, and see that no index is ever given away twice."""
        _, count, _, _, first, _, _ = HEADER.unpack_from(frame)
        self.frames += 1
        wagons, numbers, _ = wagons_of(memoryview(frame), count)
        values = np.frombuffer(numbers, dtype="<u8").tolist()
        at = 0
        for sender, k, length in wagons:
            for step in range(length):
                entry = (sender, k + step, values[at])
                assert self.seen.setdefault(first + at, entry) == entry
                at += 1
        super().send_frame(node, ordinal, frame)

    def log(self, count: int) -> list[Entry]:
        """Entries 1..count as they travelled."""
        return [self.seen[index] for index in range(1, count + 1)]
