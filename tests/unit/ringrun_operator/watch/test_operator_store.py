"""What the operator keeps of what it has seen: the newest of each, by run and owner."""

from typing import Any

from ringrun_operator.watch.store import Store

KEY = ("lab", "demo")


def run(uid: str = "r-1", version: int = 1) -> dict[str, Any]:
    metadata = {"name": "demo", "namespace": "lab", "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata}


def pod(name: str, version: int, *, uid: str = "", owner: str = "r-1") -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "lab",
            "uid": uid or f"u-{name}",
            "resourceVersion": str(version),
            "labels": {"ringrun.dev/run": "demo"},
            "ownerReferences": [{"uid": owner, "controller": True}],
        }
    }


def test_a_watch_that_lags_takes_nothing_back() -> None:
    """What was just written is seen at once, and stays seen."""
    store = Store()
    store.put("Pod", pod("a", 5))
    store.put("Pod", pod("a", 4))
    assert [each["metadata"]["resourceVersion"] for each in store.pods(KEY, "r-1")] == ["5"]


def test_versions_are_numbers() -> None:
    """10 is newer than 9."""
    store = Store()
    store.put("Pod", pod("a", 9))
    store.put("Pod", pod("a", 10))
    assert store.pods(KEY, "r-1")[0]["metadata"]["resourceVersion"] == "10"


def test_objects_of_a_run_of_the_same_name_are_not_ours() -> None:
    """They are still there while the run that owned them is being taken away."""
    store = Store()
    store.put("Pod", pod("a", 1, owner="r-0"))
    assert store.pods(KEY, "r-1") == ()
    assert store.object(KEY, "Pod", "a", "r-1") is None
    assert store.object(KEY, "Pod", "a", "r-0") is not None


def test_only_its_controller_makes_an_object_a_runs_own() -> None:
    """Anybody may name a run among the owners of an object."""
    store = Store()
    foreign = pod("a", 1)
    foreign["metadata"]["ownerReferences"] = [{"uid": "r-1"}, {"uid": "x", "controller": True}]
    store.put("Pod", foreign)
    assert store.pods(KEY, "r-1") == ()
    assert store.object(KEY, "Pod", "a", "r-1") is None


def test_the_end_of_an_old_object_does_not_take_the_new_one() -> None:
    """It has the name, and another uid."""
    store = Store()
    store.put("Pod", pod("a", 1, uid="old"))
    store.put("Pod", pod("a", 5, uid="new"))
    store.drop("Pod", pod("a", 4, uid="old"))
    assert len(store.pods(KEY, "r-1")) == 1
    store.drop("Pod", pod("a", 6, uid="new"))
    assert store.pods(KEY, "r-1") == ()


def test_a_run_is_kept_until_it_and_all_of_it_is_gone() -> None:
    """Its key is told at every change, so that somebody looks."""
    store = Store()
    assert store.put("RingRun", run()) == KEY
    assert store.put("Pod", pod("a", 2)) == KEY
    assert store.drop("RingRun", run()) == KEY
    assert store.run(KEY) is None
    assert list(store.runs()) == []
    assert store.drop("Pod", pod("a", 3)) == KEY
    assert store.drop("Pod", pod("a", 3)) == KEY


def test_what_belongs_to_no_run_is_not_kept() -> None:
    """A label may be missing: it is then nobody's."""
    store = Store()
    stranger = pod("a", 1)
    del stranger["metadata"]["labels"]
    assert store.put("Pod", stranger) is None
    assert store.pods(KEY, "r-1") == ()
