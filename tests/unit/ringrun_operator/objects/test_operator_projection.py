"""What is kept of an object that was seen: all that anybody reads (projection).

The pods are real ones, as an API server gave them: running, ended, being deleted, without an image,
without a cluster node.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringrun.spec import RunSpec
from ringrun_operator import names
from ringrun_operator.objects.hanging import is_stalled
from ringrun_operator.objects.known import Known, World, know
from ringrun_operator.objects.pod_seen import see_pod
from ringrun_operator.objects.projection import ALL, POD, Shape, project
from ringrun_operator.objects.settings import Defaults

PODS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "real_pods.json").read_text())

SOON, LATE = 1.0, 1e11
"""Before the pods were made, and when everybody's patience is over."""


class Noted(Mapping[str, Any]):
    """A mapping that notes which of its parts were asked for, there or not, and of theirs."""

    def __init__(self, real: Mapping[str, Any], path: str, asked: set[str]) -> None:
        self._real, self._path, self._asked = real, path, asked

    def __getitem__(self, key: str) -> Any:
        path = f"{self._path}.{key}".lstrip(".")
        self._asked.add(path)
        return _noting(self._real[key], path, self._asked)

    def __contains__(self, key: object) -> bool:
        self._asked.add(f"{self._path}.{key}".lstrip("."))
        return key in self._real

    def __iter__(self) -> Iterator[str]:
        raise AssertionError(f"all of {self._path} is read: name what is")

    def __len__(self) -> int:
        return len(self._real)


def _noting(value: Any, path: str, asked: set[str]) -> Any:
    if isinstance(value, dict):
        return Noted(value, path, asked)
    if isinstance(value, list):
        return [_noting(each, path, asked) for each in value]
    return value


def run_of(pod: dict[str, Any]) -> str:
    return names.run_of(pod["metadata"])


@pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod["metadata"]["name"])
def test_a_pod_that_was_projected_is_seen_as_the_whole_one(pod: dict[str, Any]) -> None:
    """Whatever state it is in."""
    for now in (SOON, LATE):
        seen = see_pod(run_of(pod), pod, now)
        assert seen is not None
        assert see_pod(run_of(pod), project("Pod", pod), now) == seen


@pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod["metadata"]["name"])
@pytest.mark.parametrize("without", ["", "status", "containerStatuses", "conditions"])
@pytest.mark.parametrize("phase", ["Pending", "Running", "Failed"])
@pytest.mark.parametrize("now", [SOON, LATE])
def test_nothing_is_read_of_a_pod_that_is_not_kept(
    pod: dict[str, Any], without: str, phase: str, now: float
) -> None:
    """Not even where it is missing, as before a kubelet has seen it, or of another phase, as for a
    second after a container's end: whoever reads more has to keep more."""
    status = {key: value for key, value in pod["status"].items() if key != without}
    status = {} if without == "status" else {**status, "phase": phase}
    asked: set[str] = set()
    noted = Noted({**pod, "status": status}, "", asked)
    see_pod(run_of(pod), noted, now)
    is_stalled(noted, pod["metadata"]["labels"][names.ROLE_LABEL], now)
    assert "metadata.name" in asked
    assert not_kept(asked, POD) == set()


@pytest.mark.parametrize("without", ["", "status", "spec"])
def test_what_is_known_of_a_run_without_its_orders_is_known_of_what_is_kept(without: str) -> None:
    """Its pods are asked then what they were made with."""
    # These were made before their Secret had a mark in its name.
    marked = json.loads(json.dumps(PODS).replace('"fine-token"', '"fine-token-0123abcd"'))
    pods = [pod for pod in marked if run_of(pod) == "fine"]
    if without:
        pods = [{**pod, without: {}} for pod in pods]
    run = {"metadata": {"name": "fine", "namespace": "lab", "uid": "u-1"}}
    spec = RunSpec.from_document({"nodes": 3}, name="fine")
    asked: set[str] = set()

    def known(seen: list[Any]) -> Known:
        world = World(run=run, pods=tuple(seen))
        return replace(know(world, spec, Defaults(image="x:1"), LATE), world=World(run=run))

    assert known([project("Pod", pod) for pod in pods]) == known(pods)
    known([Noted(pod, "", asked) for pod in pods])
    assert not_kept(asked, POD) == set()
    if not without:
        assert known(pods).ledger.mark == "0123abcd"
        assert known(pods).settings.slaves["image"] != "x:1"


def not_kept(asked: set[str], shape: Shape) -> set[str]:
    """Those of these paths that lead out of the shape."""
    return {path for path in asked if not _leads_within(path.split("."), shape)}


def _leads_within(path: list[str], shape: Shape | None) -> bool:
    if shape is ALL or not path:
        return True
    return path[0] in shape and _leads_within(path[1:], shape[path[0]])


def test_of_a_real_pod_less_than_half_is_kept() -> None:
    """Who owns which field, and what we wrote into it ourselves, is most of it."""
    for pod in PODS:
        assert len(json.dumps(project("Pod", pod))) < len(json.dumps(pod)) / 2


def test_what_is_written_back_is_kept_whole_but_for_who_owns_it() -> None:
    """A Lease or ConfigMap is put in the place of the one that was read."""
    metadata = {"name": "demo-result", "annotations": {"a": "b"}, "finalizers": ["x/y"]}
    owned = {**metadata, "managedFields": [{"manager": "m"}]}
    found = {"kind": "ConfigMap", "data": {"report.json": "{}"}, "immutable": False}
    whole = {**found, "metadata": owned}
    assert project("ConfigMap", whole) == {**found, "metadata": metadata}
    assert whole == {**found, "metadata": owned}


def test_a_ring_run_is_kept_without_what_was_last_applied() -> None:
    """kubectl writes the whole of it into an annotation once more."""
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}
    found = {"metadata": {"name": "demo", "annotations": annotations}, "spec": {"nodes": 3}}
    assert project("RingRun", found) == {
        "metadata": {"name": "demo", "annotations": {"a": "b"}},
        "spec": {"nodes": 3},
    }
    assert project("ConfigMap", found) == found
