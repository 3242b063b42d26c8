"""What the operator keeps of what it has seen: the newest of each, by run and owner."""

import json
from pathlib import Path
from typing import Any

from ringrun_operator.watch.kept import Kept
from ringrun_operator.watch.store import Store

KEY = ("lab", "demo")
PODS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "objects" / "real_pods.json").read_text()
)


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


def test_what_a_whole_list_lacks_is_gone() -> None:
    """Deleted while nobody watched; what is of another kind or namespace was not in that list."""
    store = Store()
    store.put("RingRun", run())
    store.put("Pod", pod("a", 2))
    store.put("Pod", pod("b", 3))
    elsewhere = pod("a", 2, uid="u-c")
    elsewhere["metadata"]["namespace"] = "other"
    store.put("Pod", elsewhere)
    assert store.keep_only("Pod", "lab", frozenset({"u-a"}), 9) == [KEY]
    assert [each["metadata"]["name"] for each in store.pods(KEY, "r-1")] == ["a"]
    assert len(store.pods(("other", "demo"), "r-1")) == 1
    assert store.run(KEY) is not None
    assert store.keep_only("Pod", "", frozenset(), 9) == [KEY, ("other", "demo")]
    assert store.keep_only("RingRun", "", frozenset(), 9) == [KEY]
    assert store.size == 0


def test_what_was_written_after_a_list_is_not_missed_in_it() -> None:
    """The list is older than that."""
    store = Store()
    store.put("Pod", pod("a", 10))
    assert store.keep_only("Pod", "lab", frozenset(), 9) == []
    assert store.keep_only("Pod", "lab", frozenset(), 10) == [KEY]


def test_what_is_known_already_is_no_news() -> None:
    """A list that was begun anew tells of the same once more."""
    store = Store()

    def is_news(kind: str, found: dict[str, Any]) -> bool:
        return store.add(Kept(kind, found))

    assert is_news("Pod", pod("a", 2))
    assert is_news("RingRun", run(version=5))
    assert not is_news("Pod", pod("a", 2))
    assert not is_news("Pod", pod("a", 1))
    assert not is_news("RingRun", run(version=5))
    assert not is_news("RingRun", run("r-2", version=4))
    assert is_news("RingRun", run(version=6))
    assert is_news("Pod", pod("a", 3))
    assert is_news("Pod", pod("a", 3, uid="other"))
    assert is_news("Pod", pod("b", 2))
    stranger = pod("c", 9)
    del stranger["metadata"]["labels"]
    assert not is_news("Pod", stranger)


def test_a_run_at_rest_is_unpacked_anew() -> None:
    """All of it; whoever counts the runs leaves nothing unpacked."""
    store = Store()
    store.put("RingRun", run())
    store.put("Pod", pod("a", 2))
    [(_, first)] = store.runs()
    [(_, second)] = store.runs()
    assert first is not second
    before = (store.run(KEY), store.pods(KEY, "r-1")[0])
    assert store.run(KEY) is before[0]
    store.rest(KEY)
    after = (store.run(KEY), store.pods(KEY, "r-1")[0])
    assert after == before
    assert after[0] is not before[0]
    assert after[1] is not before[1]
    store.rest(("lab", "unknown"))


def test_a_finished_run_of_eight_slaves_takes_some_twenty_kib() -> None:
    """With the pods that it keeps; the slaves' results in their statuses are most of that."""
    store = Store()
    store.put("RingRun", run())
    ended = [each for each in PODS if each["status"]["phase"] == "Succeeded"]
    slave = next(each for each in ended if "-s" in each["metadata"]["name"])
    master = next(each for each in ended if "-m" in each["metadata"]["name"])
    for number in range(10):
        found = master if number < 2 else slave
        metadata = {**found["metadata"], "name": f"demo-{number}", "uid": f"u-{number}"}
        store.put("Pod", {**found, "metadata": metadata})
    assert store.size < 24 * 1024
