"""The objects of all runs as they were last seen, by run; filled by the watches and by our writes.

Used by the controller in one thread. An older version never takes the place of a newer one, so
what was just written is seen at once, and a watch that lags behind takes nothing back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringrun_operator import names
from ringrun_operator.objects.owner import is_owned

Key = tuple[str, str]
"""Namespace and name of a run."""

Found = Mapping[str, Any]


@dataclass(slots=True)
class _Run:
    run: Found | None = None
    objects: dict[tuple[str, str], Found] = field(default_factory=dict)


class Store:
    """Objects by (namespace, run)."""

    def __init__(self) -> None:
        self._runs: dict[Key, _Run] = {}

    def put(self, kind: str, found: Found, key: Key | None = None) -> Key | None:
        """Keep an object as it is now; the run that it belongs to, None if to none.

        `key` says so where it is known, whatever became of the object's labels.
        """
        key = key or key_of(kind, found["metadata"])
        if key is None:
            return None
        run = self._runs.setdefault(key, _Run())
        if kind == names.KIND:
            if run.run is None or _newer(found, run.run):
                run.run = found
        else:
            place = (kind, found["metadata"]["name"])
            if place not in run.objects or _newer(found, run.objects[place]):
                run.objects[place] = found
        return key

    def drop(self, kind: str, found: Found) -> Key | None:
        """Forget an object that was deleted, unless another has its name by now."""
        metadata = found["metadata"]
        key = key_of(kind, metadata)
        if key is None or key not in self._runs:
            return key
        run = self._runs[key]
        if kind == names.KIND:
            if run.run is not None and run.run["metadata"]["uid"] == metadata["uid"]:
                run.run = None
        else:
            place = (kind, metadata["name"])
            kept = run.objects.get(place)
            if kept is not None and kept["metadata"]["uid"] == metadata["uid"]:
                del run.objects[place]
        if run.run is None and not run.objects:
            del self._runs[key]
        return key

    def run(self, key: Key) -> Found | None:
        """The RingRun."""
        kept = self._runs.get(key)
        return kept.run if kept is not None else None

    def object(self, key: Key, kind: str, name: str, owner: str) -> Found | None:
        """An object of the run with this uid; one that a run of the same name left is none."""
        kept = self._runs.get(key)
        found = kept.objects.get((kind, name)) if kept is not None else None
        return found if found is not None and is_owned(found, owner) else None

    def pods(self, key: Key, owner: str) -> tuple[Found, ...]:
        """The pods of the run with this uid, by name."""
        kept = self._runs.get(key)
        if kept is None:
            return ()
        found = (kept.objects[place] for place in sorted(kept.objects) if place[0] == "Pod")
        return tuple(each for each in found if is_owned(each, owner))

    def runs(self) -> Iterator[tuple[Key, Found]]:
        """All RingRuns, in the order of their keys."""
        for key in sorted(self._runs):
            run = self._runs[key].run
            if run is not None:
                yield key, run


def key_of(kind: str, metadata: Mapping[str, Any]) -> Key | None:
    """The run that an object with this metadata is, or belongs to."""
    run = metadata["name"] if kind == names.KIND else names.run_of(metadata)
    return (metadata["namespace"], run) if run else None


def _newer(found: Found, kept: Found) -> bool:
    if found["metadata"]["uid"] != kept["metadata"]["uid"]:
        # Made anew: versions of one server only grow, whatever object they are of.
        return _version(found) > _version(kept)
    return _version(found) >= _version(kept)


def _version(found: Found) -> int:
    version = str(found["metadata"].get("resourceVersion", "0"))
    return int(version) if version.isdigit() else 0
