"""The checker of the checker: spoils a good run in one place, which must then be named.

Every mutation changes the notes or the report of the same good run: four slaves, one of which dies
and is replaced, two leaders, three views and the closing one. The tests of the promises hold the
mutations, each those that its promise must see.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from journalled_run import JournalledRun, eventful_run

from ringrun.core.notes import Note
from ringrun.verify import Anomaly, Promise, check

ENTRIES = (Note.ISSUED, Note.HELD, Note.SYNCED)
Change = Callable[[JournalledRun], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A way to spoil a run, and what must be said of it."""

    change: Change
    promise: Promise
    anomaly: Anomaly
    node: str


class Mutations(dict[str, Mutation]):
    """Those of one test file, by name."""

    def add(self, promise: str, anomaly: str, node: str) -> Callable[[Change], Change]:
        """Registers a way to spoil a run, and what must be said of it."""

        def register(change: Change) -> Change:
            self[change.__name__] = Mutation(
                change=change, promise=Promise(promise), anomaly=Anomaly(anomaly), node=node
            )
            return change

        return register

    def must_be_named(self, name: str) -> None:
        """The promise, the anomaly and the node are those that the mutation touched."""
        mutation = self[name]
        run = eventful_run()
        mutation.change(run)
        verification = check(run.journals(), run.report, same_clock=True, lengths=run.lengths())
        found = [(one.promise, one.anomaly, one.node) for one in verification.findings]
        wanted = (mutation.promise, mutation.anomaly, mutation.node)
        assert wanted in found, [one.text for one in verification.findings]
        assert mutation.promise in verification.broken


def quiet_run() -> JournalledRun:
    """Three slaves, no failure; all that is issued is approved in GRACE at the latest."""
    run = JournalledRun(3)
    for turn in range(9):
        run.issue(turn % 3)
        run.approve()
    run.issue(0, 3)
    run.finish()
    return run


def places(run: JournalledRun, node: str, *kinds: Note) -> list[int]:
    """Where notes of these kinds are in a node's journal."""
    return [at for at, (_, note) in enumerate(run.notes[node]) if note[0] in kinds]


def replace(run: JournalledRun, node: str, at: int, *note: Any) -> None:
    """Put another note in the place of one, at the same time."""
    run.notes[node][at] = (run.notes[node][at][0], note)


def rewrite(run: JournalledRun, node: str, at: int, **changes: Any) -> None:
    """Change fields of a note that is a document."""
    kind, document = run.notes[node][at][1]
    replace(run, node, at, kind, {**document, **changes})


def insert(run: JournalledRun, node: str, at: int, *note: Any) -> None:
    """Put a note before another, at its time."""
    run.notes[node].insert(at, (run.notes[node][at][0], note))


def append(run: JournalledRun, node: str, *note: Any) -> None:
    """Put a note at the end, a moment later."""
    run.notes[node].append((run.notes[node][-1][0] + 0.001, note))


def holding(run: JournalledRun, node: str, index: int) -> int:
    """Where a journal takes this index in a batch of its own."""
    for at in places(run, node, *ENTRIES):
        _, _, first, _, _, count, _ = run.notes[node][at][1]
        if first == index and count == 1:
            return at
    raise AssertionError(f"{node} has no batch of index {index} alone")


def content(run: JournalledRun, node: str, index: int) -> tuple[int, int, int]:
    """(sender, k, u) that a journal holds alone at this index."""
    _, _, _, sender, k, _, number = run.notes[node][holding(run, node, index)][1]
    return sender, k, number


def put(run: JournalledRun, node: str, index: int, entry: tuple[int, int, int]) -> None:
    """Let a journal hold another entry at this index."""
    at = holding(run, node, index)
    kind, view, first, *_ = run.notes[node][at][1]
    sender, k, number = entry
    replace(run, node, at, kind, view, first, sender, k, 1, number)


def slaves_of(run: JournalledRun) -> list[str]:
    """The slaves' journals."""
    return [name for name in run.notes if name.startswith("s")]


def records(run: JournalledRun, **wanted: Any) -> list[tuple[str, int]]:
    """Where masters noted records with these fields."""
    return [
        (name, at)
        for name in run.notes
        if name.startswith("m")
        for at in places(run, name, Note.RECORD)
        if all(run.notes[name][at][1][1][key] == value for key, value in wanted.items())
    ]


def approve_beyond_the_cut(run: JournalledRun) -> None:
    """Let the slave that is evicted hold and approve one index more than view 2 keeps."""
    cut = run.views[1]["cut"]
    held = run.slaves[3, 1].held
    for index in range(len(held) + 1, cut + 2):
        append(run, "s3-1", Note.HELD, 1, index, 1, 90 + index, 1, 1)
    append(run, "s3-1", Note.APPROVED, 1, cut + 1, 0)
