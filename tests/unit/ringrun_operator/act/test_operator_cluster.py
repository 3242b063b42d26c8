"""What the operator asks of an API server, and which refusals are none (act.cluster).

The way to the server is written down here; how a request travels is `ringrun.record.api`'s.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import pytest

from ringrun.record.api import Api, ApiError, Refused
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.show.events import Event, EventType, Happening

Answer = TypeVar("Answer")

RUN = {"metadata": {"name": "demo", "namespace": "lab", "uid": "u-1"}}
POD = {"kind": "Pod", "metadata": {"name": "demo-s0-1", "namespace": "lab"}}


class Asked(Api):
    """A way on which every request is written down and answered by what the test has ready."""

    def __init__(self, *answers: dict[str, Any] | ApiError) -> None:
        self.answers = [*answers]
        self.requests: list[tuple[str, str]] = []
        self.documents: list[Any] = []
        self.query: Sequence[tuple[str, str]] = ()
        self.content_type = ""

    async def call(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        *,
        query: Sequence[tuple[str, str]] = (),
        content_type: str = "application/json",
        within: float | None = None,
    ) -> dict[str, Any]:
        del within
        self.requests.append((method, path))
        self.documents.append(document)
        self.query, self.content_type = query, content_type
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, ApiError):
            raise answer
        return answer


def does(request: Coroutine[Any, Any, Answer]) -> Answer:
    return asyncio.run(request)


def event(key: str = "s1-1", reason: Happening = Happening.SLAVE_LOST) -> Event:
    return Event(type=EventType.WARNING, reason=reason, message="slave 1 is lost", key=key)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", "/api/v1/namespaces/lab/pods/x"),
        ("Lease", "/apis/coordination.k8s.io/v1/namespaces/lab/leases/x"),
        ("RingRun", "/apis/ringrun.dev/v1alpha1/namespaces/lab/ringruns/x"),
    ],
)
def test_an_object_is_asked_for_where_its_kind_is_kept(kind: str, path: str) -> None:
    way = Asked({"kind": kind})
    assert does(Cluster(way).get(kind, "lab", "x")) == {"kind": kind}
    assert way.requests == [("GET", path)]


def test_an_object_is_made_among_its_kind_and_put_under_its_name() -> None:
    """Where it stands is read from the object itself."""
    way = Asked()
    cluster = Cluster(way)
    does(cluster.create(POD))
    kept = {**POD, "metadata": {**POD["metadata"], "resourceVersion": "7"}}  # type: ignore[dict-item]
    does(cluster.replace(kept))
    pods = "/api/v1/namespaces/lab/pods"
    assert way.requests == [("POST", pods), ("PUT", f"{pods}/demo-s0-1")]
    assert way.documents == [POD, kept]


@pytest.mark.parametrize("grace", [None, 0])
def test_the_very_object_is_deleted(grace: int | None) -> None:
    """Another of its name is spared, by the server; a grace of 0 is said, not left out."""
    way = Asked()
    does(Cluster(way).delete("Pod", "lab", "demo-s0-1", "u-9", grace))
    [options] = way.documents
    assert way.requests == [("DELETE", "/api/v1/namespaces/lab/pods/demo-s0-1")]
    assert options["preconditions"] == {"uid": "u-9"}
    assert options.get("gracePeriodSeconds") == grace


@pytest.mark.parametrize("status", [404, 409])
def test_what_is_gone_or_is_another_need_not_be_deleted(status: int) -> None:
    does(Cluster(Asked(Refused(status, "no"))).delete("Pod", "lab", "x", "u-9"))


@pytest.mark.parametrize("error", [Refused(403, "no"), ApiError("no answer")])
def test_what_may_still_be_there_is_not_taken_for_deleted(error: ApiError) -> None:
    with pytest.raises(ApiError):
        does(Cluster(Asked(error)).delete("Pod", "lab", "x", "u-9"))


def test_a_status_is_applied_as_the_operators_own() -> None:
    """By force: whatever another wrote into these fields, the operator knows better."""
    way = Asked()
    does(Cluster(way).apply_status("lab", "demo", {"phase": "SEND"}))
    run = "/apis/ringrun.dev/v1alpha1/namespaces/lab/ringruns/demo"
    assert way.requests == [("PATCH", f"{run}/status")]
    assert dict(way.query) == {"fieldManager": "ringrun-operator", "force": "true"}
    assert way.content_type == "application/apply-patch+yaml"
    [document] = way.documents
    assert document["status"] == {"phase": "SEND"}
    assert "spec" not in document


def test_an_event_has_one_name_whoever_tells_it_and_when() -> None:
    """A restarted operator repeats nothing; another key, reason or run is another event."""
    way = Asked()
    cluster = Cluster(way)
    anew = {"metadata": {**RUN["metadata"], "uid": "u-2"}}
    does(cluster.tell(RUN, event(), 1.0))
    does(cluster.tell(RUN, event(), 99.0))
    does(cluster.tell(RUN, event(key="s1-2"), 1.0))
    does(cluster.tell(RUN, event(reason=Happening.SLAVE_REPLACED), 1.0))
    does(cluster.tell(anew, event(), 1.0))
    names = [document["metadata"]["name"] for document in way.documents]
    assert names[0] == names[1]
    assert len(set(names)) == 4
    assert all(name.startswith("demo.") for name in names)


def test_an_event_is_about_its_run_and_says_when_and_what() -> None:
    way = Asked()
    does(Cluster(way).tell(RUN, event(), 1000.0))
    [document] = way.documents
    about = document["involvedObject"]
    assert (about["kind"], about["name"], about["uid"]) == ("RingRun", "demo", "u-1")
    assert document["metadata"]["namespace"] == about["namespace"] == "lab"
    assert (document["type"], document["reason"]) == ("Warning", "SlaveLost")
    assert document["message"] == "slave 1 is lost"
    assert document["firstTimestamp"] == document["lastTimestamp"] == "1970-01-01T00:16:40Z"


def test_an_event_that_was_told_before_is_no_error_and_any_other_refusal_is() -> None:
    does(Cluster(Asked(Refused(409, "taken"))).tell(RUN, event(), 1.0))
    with pytest.raises(Refused, match="forbidden"):
        does(Cluster(Asked(Refused(403, "forbidden"))).tell(RUN, event(), 1.0))


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        ([{"items": []}], True),
        ([Refused(404, "no such thing"), {"resources": [{"name": "ringruns"}]}], False),
        # Who may not list them everywhere finds out by what the server says that it has.
        ([Refused(403, "not you"), {"resources": [{"name": "ringruns"}]}], True),
        ([Refused(403, "not you"), {"resources": [{"name": "others"}]}], False),
        ([Refused(403, "not you"), {}], False),
        ([Refused(403, "not you"), Refused(404, "no such group")], False),
    ],
)
def test_whether_there_are_ring_runs_can_be_asked_with_any_rights(
    answers: list[dict[str, Any] | ApiError], known: bool
) -> None:
    assert does(Cluster(Asked(*answers)).has_ring_runs()) is known


def test_a_server_that_does_not_answer_has_not_said_no() -> None:
    with pytest.raises(ApiError, match="no answer"):
        does(Cluster(Asked(ApiError("no answer"))).has_ring_runs())


@pytest.mark.parametrize("status", [404, 409, 403])
def test_what_outlives_a_node_is_ended_where_that_is_allowed(status: int) -> None:
    """Of this very pod, which stays; a role of before does not give the right, and nothing hangs
    on it."""
    api = Asked(Refused(status, "no"))
    does(Cluster(api).end_pod("lab", "demo-s0-1", "u-7"))
    assert api.requests == [("PATCH", "/api/v1/namespaces/lab/pods/demo-s0-1")]
    assert api.documents == [{"metadata": {"uid": "u-7"}, "spec": {"activeDeadlineSeconds": 1}}]
    assert api.content_type == "application/merge-patch+json"
    with pytest.raises(Refused):
        does(Cluster(Asked(Refused(500, "no"))).end_pod("lab", "demo-s0-1", "u-7"))
