"""The objects of all runs as they were last seen, by run; filled by the watches and by our writes.

Used by the controller in one thread. An older version never takes the place of a newer one, so
what was just written is seen at once, and a watch that lags behind takes nothing back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringrun.record.owned import is_owned
from ringrun_operator import names
from ringrun_operator.watch.kept import Kept, Key, key_of

Found = Mapping[str, Any]


@dataclass(slots=True)
class _Run:
    run: Kept | None = None
    objects: dict[tuple[str, str], Kept] = field(default_factory=dict)

    def everything(self) -> Iterator[Kept]:
        """The run and all of its objects."""
        if self.run is not None:
            yield self.run
        yield from self.objects.values()


class Store:
    """Objects by (namespace, run)."""

    def __init__(self) -> None:
        self._runs: dict[Key, _Run] = {}

    def put(self, kind: str, found: Found, key: Key | None = None) -> Key | None:
        """Keep an object as it is now; the run that it belongs to, None if to none.

        `key` says so where it is known, whatever became of the object's labels.
        """
        seen = Kept(kind, found, key)
        self.add(seen)
        return seen.key

    def add(self, seen: Kept) -> bool:
        """Keep an object that is packed already; whether it is news of a run."""
        if seen.key is None:
            return False
        run = self._runs.setdefault(seen.key, _Run())
        kept = run.run if seen.kind == names.KIND else run.objects.get((seen.kind, seen.name))
        if kept is not None and seen.is_older(kept):
            return False
        if seen.kind == names.KIND:
            run.run = seen
        else:
            run.objects[seen.kind, seen.name] = seen
        return kept is None or (kept.uid, kept.version) != (seen.uid, seen.version)

    def drop(self, kind: str, found: Found) -> Key | None:
        """Forget an object that was deleted, unless another has its name by now."""
        metadata = found["metadata"]
        key = key_of(kind, metadata)
        if key is not None and key in self._runs:
            self._forget(key, kind, metadata["name"], metadata["uid"])
        return key

    def _forget(self, key: Key, kind: str, name: str, uid: str) -> None:
        run = self._runs[key]
        if kind == names.KIND:
            if run.run is not None and run.run.uid == uid:
                run.run = None
        elif (kept := run.objects.get((kind, name))) is not None and kept.uid == uid:
            del run.objects[kind, name]
        if run.run is None and not run.objects:
            del self._runs[key]

    def keep_only(self, kind: str, namespace: str, uids: frozenset[str], version: int) -> list[Key]:
        """Forget the objects of a kind that a whole list of this version lacks; whose they were.

        An empty namespace is all of them.
        """
        gone = [
            (key, name, kept.uid)
            for key, run in self._runs.items()
            if namespace in ("", key[0])
            for name, kept in _of_kind(key, run, kind)
            # What we wrote since is in no list yet.
            if kept.uid not in uids and kept.version <= version
        ]
        for key, name, uid in gone:
            self._forget(key, kind, name, uid)
        return [key for key, _, _ in gone]

    def rest(self, key: Key) -> None:
        """Nobody is going to look at this run soon."""
        if key in self._runs:
            for kept in self._runs[key].everything():
                kept.rest()

    @property
    def size(self) -> int:
        """Bytes that are kept of all objects."""
        return sum(kept.size for run in self._runs.values() for kept in run.everything())

    def run(self, key: Key) -> Found | None:
        """The RingRun."""
        kept = self._runs.get(key)
        return kept.run.found if kept is not None and kept.run is not None else None

    def object(self, key: Key, kind: str, name: str, owner: str) -> Found | None:
        """An object of the run with this uid; one that a run of the same name left is none."""
        run = self._runs.get(key)
        kept = run.objects.get((kind, name)) if run is not None else None
        return kept.found if kept is not None and is_owned(kept.found, owner) else None

    def pods(self, key: Key, owner: str) -> tuple[Found, ...]:
        """The pods of the run with this uid, by name."""
        run = self._runs.get(key)
        if run is None:
            return ()
        found = (run.objects[place].found for place in sorted(run.objects) if place[0] == "Pod")
        return tuple(each for each in found if is_owned(each, owner))

    def runs(self) -> Iterator[tuple[Key, Found]]:
        """All RingRuns, in the order of their keys."""
        for key in sorted(self._runs):
            run = self._runs[key].run
            if run is not None:
                yield key, run.copy()


def _of_kind(key: Key, run: _Run, kind: str) -> Iterator[tuple[str, Kept]]:
    if kind != names.KIND:
        yield from ((name, kept) for (each, name), kept in run.objects.items() if each == kind)
    elif run.run is not None:
        yield key[1], run.run
