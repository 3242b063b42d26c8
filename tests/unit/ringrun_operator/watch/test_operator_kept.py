"""An object as the store keeps it (kept)."""

from typing import Any

from ringrun_operator.watch.kept import Kept, version_of


def lease(version: str = "7", **spec: Any) -> dict[str, Any]:
    metadata = {
        "name": "demo",
        "namespace": "lab",
        "uid": "u-1",
        "resourceVersion": version,
        "labels": {"ringrun.dev/run": "demo"},
    }
    return {"metadata": metadata, "spec": spec}


def test_what_is_kept_is_read_as_it_was() -> None:
    """Whatever JSON can say."""
    found = lease(a=[1, 2.5, None, True, "ä\n"], b={"c": {}})
    kept = Kept("Lease", found)
    assert kept.found == found
    assert (kept.kind, kept.name, kept.uid, kept.version) == ("Lease", "demo", "u-1", 7)


def test_it_belongs_to_the_run_of_its_label_and_a_run_to_itself() -> None:
    """Whatever the label of a RingRun says: it is its user's."""
    found = lease()
    assert Kept("Lease", found).key == ("lab", "demo")
    found["metadata"]["labels"] = {"ringrun.dev/run": "other"}
    assert Kept("RingRun", found).key == ("lab", "demo")
    assert Kept("Lease", found).key == ("lab", "other")
    del found["metadata"]["labels"]
    assert Kept("Lease", found).key is None


def test_it_is_read_once_until_it_rests() -> None:
    """A run that is looked at often is not unpacked each time; one at rest takes no room."""
    kept = Kept("Lease", lease())
    assert kept.found is kept.found
    first = kept.found
    kept.rest()
    assert kept.found is not first
    assert kept.found == first


def test_a_copy_is_its_readers_own() -> None:
    """Of whoever asks once: it is not kept."""
    kept = Kept("Lease", lease())
    assert kept.copy() is not kept.copy()
    kept.copy()["spec"]["a"] = 1
    assert kept.found == lease()


def test_a_long_text_takes_little_room() -> None:
    """A report of a large run is hundreds of KiB of the same words."""
    entry = '{"ordinal":1,"incarnation":1,"count":19862,"digest":"3f9a41c13f9a41c1"},'
    kept = Kept("ConfigMap", {**lease(), "data": {"report.json": entry * 5000}})
    assert kept.size < len(entry) * 5000 / 50


def test_versions_are_numbers_and_what_is_none_is_the_oldest() -> None:
    """10 is newer than 9."""
    assert Kept("Lease", lease("9")).is_older(Kept("Lease", lease("10")))
    assert not Kept("Lease", lease("9")).is_older(Kept("Lease", lease("9")))
    assert version_of({"resourceVersion": "x"}) == version_of({}) == 0
