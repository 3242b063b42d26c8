"""Makes good journals for the checker's tests: a tiny model of a run that only ever does right.

It knows the promises, not the protocol: who holds what is a list in memory, and every step moves
all slaves at once. Notes are kept as tuples with their times, so that a test may spoil one of
them before they are encoded.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from random import Random
from struct import pack
from typing import Any

import numpy as np

from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.notes import Note

Entry = tuple[int, int, int]
NODE = tuple[int, int]
BLOCK = 4096
SEND, GRACE = 2.0, 1.0


def draw(seed: int, sender: int, k: int) -> int:
    """Draw k of a sender, from the definition alone."""
    raw = np.random.Philox(key=np.array([seed, sender], dtype=np.uint64)).random_raw(k)
    return (int(raw[-1]) >> 11) + 1


def runs_of(entries: list[Entry], first: int) -> list[tuple[int, int, int, int]]:
    """The maximal runs of these entries, of which the first has this index."""
    numbered = list(enumerate(entries, first))
    runs = []
    for (sender, _), group in groupby(
        numbered, key=lambda item: (item[1][0], item[1][1] - item[0])
    ):
        members = list(group)
        runs.append((members[0][0], sender, members[0][1][1], len(members)))
    return runs


def fold_of(entries: list[Entry]) -> tuple[int, bytes, bytes]:
    """(exact sum, digest, digest after the last full block) of a log, from the definition."""
    digest = full = bytes(32)
    for begin in range(0, len(entries), BLOCK):
        block = entries[begin : begin + BLOCK]
        data = b"".join(pack("<QIQI", *run) for run in runs_of(block, begin + 1))
        data += b"".join(pack("<Q", u) for _, _, u in block)
        digest = sha256(digest + data).digest()
        if len(block) == BLOCK:
            full = digest
    return sum(i * u for i, (_, _, u) in enumerate(entries, 1)), digest, full


@dataclass
class Slave:
    """One incarnation: what it holds, how much of it is approved."""

    node: NODE
    held: list[Entry] = field(default_factory=list)
    approved: int = 0
    alive: bool = True

    @property
    def name(self) -> str:
        return f"s{self.node[0]}-{self.node[1]}"


class JournalledRun:
    """A run of n slaves with its notes. Call the steps, then `finish`, then `journals`."""

    def __init__(self, nodes: int = 3, seed: int = 7, random: Random | None = None) -> None:
        self.seed = seed
        self.nodes = nodes
        self.random = random or Random(seed)
        self.now = 100.0
        self.notes: dict[str, list[tuple[float, tuple[Any, ...]]]] = {}
        self.slaves: dict[NODE, Slave] = {}
        self.members: list[NODE] = []
        self.starts = dict.fromkeys(range(nodes), 1)
        self.view = self.cut = self.version = 0
        self.epoch, self.holder = 1, "m0-1"
        self.phase = "START"
        self.send_members: list[NODE] = []
        self.closed: bool | None = None
        self.draws = [0] * nodes
        self.cache: dict[tuple[int, int], int] = {}
        self.views: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []
        self.report: dict[str, Any] = {}
        self.started = 0.0
        self._master(self.holder)
        self._record()
        for ordinal in range(nodes):
            self._slave((ordinal, 1))
        self.members = list(self.slaves)
        for slave in self.slaves.values():
            self._command(slave, "Meet")
            self._command(slave, "Sync")
        self.phase = "SEND"
        self.started = self._tick()
        self._install(cut=0)
        for slave in self.slaves.values():
            self._note(slave.name, (Note.PHASE, {"phase": "SEND", "elapsed": 0.0}))
        self._tick()

    # Steps of a run.

    def issue(self, ordinal: int, count: int = 1, reach: int | None = None) -> None:
        """A member issues; the first `reach` members, in order, hold it (all, if None)."""
        members = self._living()
        issuer = next(slave for slave in members if slave.node[0] == ordinal)
        first = len(issuer.held) + 1
        fresh = []
        for _ in range(count):
            self.draws[ordinal] += 1
            fresh.append((ordinal, self.draws[ordinal], self._draw(ordinal, self.draws[ordinal])))
        self._take(issuer, Note.ISSUED, fresh)
        self._tick()
        others = [slave for slave in members if slave is not issuer]
        for slave in others[:reach]:
            assert len(slave.held) + 1 == first
            self._take(slave, Note.HELD, fresh)
        self._tick()

    def issue_ahead(self, first: int, second: int) -> None:
        """One issues, and another the next index before it has that of the first."""
        one, two = (
            next(slave for slave in self._living() if slave.node[0] == ordinal)
            for ordinal in (first, second)
        )
        fresh = []
        for ordinal in (first, second):
            self.draws[ordinal] += 1
            fresh.append((ordinal, self.draws[ordinal], self._draw(ordinal, self.draws[ordinal])))
        self._take(one, Note.ISSUED, fresh[:1])
        index = len(one.held) + 1
        sender, k, number = fresh[1]
        self._note(two.name, (Note.ISSUED, self.view, index, sender, k, 1, number))
        self._tick()
        self._take(two, Note.HELD, fresh[:1])
        two.held.append(fresh[1])
        self._take(one, Note.HELD, fresh[1:])
        for slave in self._living():
            if slave is not one and slave is not two:
                self._take(slave, Note.HELD, fresh)
        self._tick()

    def approve(self, *ordinals: int) -> None:
        """These members (all, if none is named) approve all that everybody holds."""
        up_to = min(len(slave.held) for slave in self._living())
        assert all(self.slaves[node].alive for node in self.members), "the dead confirm nothing"
        for slave in self._living():
            if (not ordinals or slave.node[0] in ordinals) and up_to > slave.approved:
                before, slave.approved = slave.approved, up_to
                self._note(slave.name, (Note.APPROVED, self.view, up_to, 0))
                self._note_checkpoints(slave, before)
        self._tick()

    def kill(self, ordinal: int) -> None:
        """A member ends without a word."""
        node = next(node for node in self.members if node[0] == ordinal)
        self.slaves[node].alive = False
        self.failures.append(
            {"at": self.now - self.started, "kind": "SlaveLost", "node": f"s{node[0]}-{node[1]}"}
        )

    def change_view(self, *, join: bool = False) -> None:
        """Those that live go on with all that one of them holds; the dead may be replaced."""
        survivors = self._living()
        joiners = []
        if join:
            present = {slave.node[0] for slave in survivors}
            for ordinal in range(self.nodes):
                if ordinal not in present:
                    self.starts[ordinal] += 1
                    joiners.append(self._slave((ordinal, self.starts[ordinal])))
        cut = self._wedge_and_sync(survivors, joiners)
        self.members = sorted(slave.node for slave in survivors + joiners)
        self._install(cut)
        for slave in joiners:
            self._note(
                slave.name,
                (Note.PHASE, {"phase": "SEND", "elapsed": self.now - self.started}),
            )
        self._tick()

    def change_leader(self) -> None:
        """The leader ends; another takes the next epoch, and installs the view once more."""
        number = int(self.holder[1 : self.holder.index("-")]) + 1
        self.failures.append(
            {"at": self.now - self.started, "kind": "MasterLost", "node": self.holder}
        )
        self.holder = f"m{number}-1"
        self._master(self.holder)
        self._note(self.holder, (Note.RECORD, self._document("read", before=True)))
        self.epoch += 1
        self._record()
        for slave in self._living():
            self._command(slave, "Install")
        self._tick()

    def finish(self) -> None:
        """SEND and GRACE end, the run is closed, everyone gives its result, the report is made."""
        self.now = self.started + SEND
        for slave in self._living():
            self._note(slave.name, (Note.PHASE, {"phase": "GRACE", "elapsed": SEND}))
        self.phase = "GRACE"
        self.send_members = list(self.members)
        self._record()
        self._tick()
        longest = max((slave.held for slave in self._living()), key=len)
        for slave in self._living():
            lacks = longest[len(slave.held) :]
            for _, group in groupby(lacks, key=lambda entry: entry[0]):
                self._take(slave, Note.HELD, list(group))
        self._tick()
        if all(self.slaves[node].alive for node in self.members):
            self.approve()
        self.now = self.started + SEND + GRACE
        for slave in self._living():
            self._note(slave.name, (Note.PHASE, {"phase": "STOP", "elapsed": SEND + GRACE}))
        cut = self._wedge_and_sync(self._living(), [])
        self.view, self.cut = self.view + 1, cut
        self.members = [slave.node for slave in self._living()]
        self.phase, self.closed = "STOP", True
        self._record()
        results = []
        for slave in self._living():
            self._command(slave, "Close")
            if cut > slave.approved:
                before, slave.approved = slave.approved, cut
                self._note(slave.name, (Note.APPROVED, self.view, cut, 2))
                self._note_checkpoints(slave, before)
            total, digest, _ = fold_of(slave.held[:cut])
            tally = {"count": cut, "sumExact": str(total), "digest": digest.hex()}
            self._note(slave.name, (Note.RESULT, {**tally, "final": True, "view": self.view - 1}))
            results.append(
                {"ordinal": slave.node[0], "incarnation": slave.node[1], **tally, "final": True}
            )
        for name in (self.holder, *(slave.name for slave in self._living())):
            self._note(name, (Note.END, {"code": 0}))
        self.report = {
            "verdict": "Agreed" if len(results) == len(self.send_members) else "Partial",
            "spec": {"periods": {"sendMilliseconds": SEND * 1000}},
            "count": cut,
            "sumExact": results[0]["sumExact"],
            "digest": results[0]["digest"],
            "views": self.views,
            "slaves": results,
            "failures": self.failures,
        }

    def journals(self) -> dict[str, bytes]:
        """The journals by node."""
        return {name: MAGIC + b"".join(records) for name, records in self.records().items()}

    def records(self) -> dict[str, list[bytes]]:
        """The same record by record, without the first line."""
        encoders = {name: Encoder(self.seed) for name in self.notes}
        return {
            name: [encoders[name].encode([note], time) for time, note in notes]
            for name, notes in self.notes.items()
        }

    def lengths(self) -> dict[str, int]:
        """How long each journal is, as whoever saw the run end would note it."""
        return {name: len(data) for name, data in self.journals().items()}

    # What the steps are made of.

    def _living(self) -> list[Slave]:
        return [self.slaves[node] for node in self.members if self.slaves[node].alive]

    def _tick(self) -> float:
        self.now += 0.001
        return self.now

    def _note(self, name: str, note: tuple[Any, ...]) -> None:
        self.notes[name].append((self.now, note))

    def _meta(self, name: str, **more: Any) -> None:
        self.notes[name] = []
        document = {
            "run": "r1",
            "node": name,
            "nodes": self.nodes,
            "seed": self.seed,
            "model": "window",
            "send": SEND,
            "grace": GRACE,
            "clock": "boot",
            **more,
        }
        self._note(name, (Note.META, document))

    def _master(self, name: str) -> None:
        self._meta(name, role="master")

    def _slave(self, node: NODE) -> Slave:
        slave = self.slaves[node] = Slave(node)
        self._meta(slave.name, role="slave", ordinal=node[0], incarnation=node[1])
        return slave

    def _draw(self, sender: int, k: int) -> int:
        if (sender, k) not in self.cache:
            self.cache[sender, k] = draw(self.seed, sender, k)
        return self.cache[sender, k]

    def _take(self, slave: Slave, kind: Note, entries: list[Entry]) -> None:
        numbers = np.array([u for _, _, u in entries], dtype=np.uint64)
        first = len(slave.held) + 1
        for start, sender, k, count in runs_of(entries, first):
            some = numbers[start - first : start - first + count]
            one_or_more = int(some[0]) if count == 1 else some
            self._note(slave.name, (kind, self.view, start, sender, k, count, one_or_more))
        slave.held += entries

    def _note_checkpoints(self, slave: Slave, before: int) -> None:
        for block in range(before // BLOCK + 1, slave.approved // BLOCK + 1):
            digest = fold_of(slave.held[: block * BLOCK])[1]
            self._note(slave.name, (Note.CHECKPOINT, block, digest))

    def _command(self, slave: Slave, command: str, **more: Any) -> None:
        document = {
            "command": command,
            "epoch": self.epoch,
            "holder": self.holder,
            "obeyed": True,
            "view": self.view,
            **more,
        }
        self._note(slave.name, (Note.COMMAND, document))

    def _wedge_and_sync(self, survivors: list[Slave], joiners: list[Slave]) -> int:
        for slave in survivors:
            self._command(slave, "Wedge")
            self._note(
                slave.name,
                (
                    Note.WEDGED,
                    {
                        "view": self.view,
                        "epoch": self.epoch,
                        "attempt": 1,
                        "held": len(slave.held),
                        "approved": slave.approved,
                    },
                ),
            )
        self._tick()
        donor = max(survivors, key=lambda slave: len(slave.held))
        for slave in survivors:
            self._fetch(slave, donor)
        for slave in joiners:
            self._base(slave, donor)
            self._fetch(slave, donor)
        self._tick()
        return len(donor.held)

    def _fetch(self, slave: Slave, donor: Slave) -> None:
        lacks = donor.held[len(slave.held) :]
        for _, group in groupby(lacks, key=lambda entry: entry[0]):
            self._take(slave, Note.SYNCED, list(group))

    def _base(self, slave: Slave, donor: Slave) -> None:
        log = donor.held[: donor.approved]
        total, _, full = fold_of(log)
        folded = len(log) // BLOCK * BLOCK
        last = {sender: k for sender, k, _ in log}
        document = {
            "count": len(log),
            "sumExact": str(total),
            "digest": full.hex(),
            "senders": sorted(last.items()),
            "runs": runs_of(log[folded:], folded + 1),
            "numbers": b"".join(pack("<Q", u) for _, _, u in log[folded:]).hex(),
        }
        self._note(slave.name, (Note.BASE, document))
        slave.held, slave.approved = list(log), len(log)

    def _document(self, outcome: str, *, before: bool = False) -> dict[str, Any]:
        held = next((slave.held for slave in self._living()), [])
        total, digest, _ = fold_of(held[: self.cut])
        return {
            "outcome": outcome,
            "version": self.version if before else self.version + 1,
            "epoch": self.epoch,
            "holder": f"m{int(self.holder[1]) - 1}-1" if before else self.holder,
            "view": self.view,
            "members": [list(node) for node in self.members],
            "cut": self.cut,
            "count": self.cut,
            "sumExact": str(total),
            "digest": digest.hex(),
            "phase": self.phase,
            "closed": self.closed,
            "stopReason": "",
            "sendMembers": [list(node) for node in self.send_members],
            "prepared": [],
        }

    def _record(self) -> None:
        self._note(self.holder, (Note.RECORD, self._document("saved")))
        self.version += 1
        self._tick()

    def _install(self, cut: int) -> None:
        self.view, self.cut = self.view + 1, cut
        self._record()
        document = self._document("saved")
        view = {
            "number": self.view,
            **{key: document[key] for key in ("epoch", "holder", "members", "cut")},
            **{key: document[key] for key in ("count", "sumExact", "digest")},
        }
        self.views.append(view)
        for slave in self._living():
            self._command(slave, "Install")
            self._note(slave.name, (Note.VIEW, view))
            before = slave.approved
            if cut > slave.approved:
                slave.approved = cut
                self._note(slave.name, (Note.APPROVED, self.view, cut, 1))
                self._note_checkpoints(slave, before)
            del slave.held[cut:]
        if self._living():
            self.draws = [0] * self.nodes
            for sender, k, _ in self._living()[0].held:
                self.draws[sender] = k
        self._tick()


def eventful_run() -> JournalledRun:
    """Four slaves; one dies and is replaced, the leader changes, entries are under way at each."""
    run = JournalledRun(4)
    for count in (1, 2, 3):
        for ordinal in range(4):
            run.issue(ordinal, count)
        run.approve()
    run.issue_ahead(0, 2)
    run.approve()
    run.issue(1, 2, reach=1)
    run.kill(3)
    run.change_view()
    run.issue(0, 2)
    run.approve(0, 2)
    run.change_leader()
    run.change_view(join=True)
    for turn in range(6):
        run.issue(turn % 4)
        run.approve()
    run.finish()
    return run
