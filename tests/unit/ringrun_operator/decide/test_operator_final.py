"""A run that is finished is finished, whatever becomes of its objects."""

from typing import Any

import pytest
from api_server import ApiServer
from runs_in_memory import finished, record

from ringrun.core.phase import Phase
from ringrun_operator.decide.actions import DeletePod, EndPod
from ringrun_operator.decide.cleanup import LINGER
from ringrun_operator.decide.final import RESYNC
from ringrun_operator.objects import reports


def status(api: ApiServer) -> dict[str, Any]:
    found: dict[str, Any] = api.objects["RingRun", "demo"]["status"]
    return found


WAYS = [
    ["result"],
    ["orders"],
    ["lease"],
    ["result", "orders"],
    ["result", "orders", "lease"],
    ["result", "orders", "lease", "pods"],
    ["edited result"],
    ["emptied result"],
    ["edited orders"],
    ["edited lease"],
]


def spoil(api: ApiServer, what: str) -> None:
    """Somebody deletes or edits it."""
    if what == "pods":
        for name in api.pod_names():
            api.delete("Pod", name)
    elif what == "edited result":
        kept = api.objects["ConfigMap", "demo-result"]
        document = reports.read_report(kept)
        assert document is not None
        forged = {**document, "verdict": "Agreed", "count": 10**6}
        api.put(reports.with_report(kept, forged))
    elif what == "emptied result":
        api.patch("ConfigMap", "demo-result", data={})
    elif what == "edited orders":
        api.patch(*api.orders_key, data={"orders.json": "?"})
    elif what == "edited lease":
        record(api, holder="m1-9", epoch=7, phase=Phase.SEND)
    else:
        places = {
            "result": ("ConfigMap", "demo-result"),
            "orders": api.orders_key,
            "lease": ("Lease", "demo"),
        }
        api.delete(*places[what])


@pytest.mark.parametrize("what", WAYS, ids=" and ".join)
def test_what_is_deleted_or_edited_afterwards_changes_nothing(what: list[str]) -> None:
    """Verdict, result and conditions stay, and nothing is made."""
    api = finished()
    before, made = status(api), list(api.made)
    for each in what:
        spoil(api, each)
    api.settle()
    api.now += 1e5
    api.settle()
    assert status(api) == before
    assert api.made == made


def test_an_edit_that_is_allowed_moves_the_generation_alone() -> None:
    """Or `kubectl wait` would hang."""
    api = finished()
    before = status(api)
    api.delete("ConfigMap", "demo-result")
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True, "cleanup": "DeletePods"})
    generation = api.objects["RingRun", "demo"]["metadata"]["generation"]
    api.settle()
    after = status(api)
    assert after["observedGeneration"] == generation > before["observedGeneration"]
    assert {each["observedGeneration"] for each in after["conditions"]} == {generation}
    for each in (*after["conditions"], *before["conditions"], after, before):
        del each["observedGeneration"]
    assert after == before


def test_a_report_that_is_gone_is_told_once() -> None:
    """As an event, beside the outcome."""
    api = finished()
    assert [event.reason for event in api.look().events] == ["Failed"]
    api.delete("ConfigMap", "demo-result")
    assert [event.reason for event in api.look().events] == ["Failed", "ResultDeleted"]


def test_a_finished_run_is_looked_at_when_time_changes_it_else_hourly() -> None:
    """Two thousand of them cost nothing."""
    api = finished()
    api.now += 100.0
    api.settle()
    assert api.look().again == api.now + RESYNC
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True, "ttlSecondsAfterFinished": 200})
    assert api.now < api.look().again < api.now + 200.0


def test_when_it_finished_is_known_by_the_condition_alone() -> None:
    """An operator that told InvalidSpec of a run under way leaves no pods for ever."""
    api = finished()
    told = {key: value for key, value in status(api).items() if key != "completionTime"}
    api.patch("RingRun", "demo", status=told)
    api.delete(*api.orders_key)
    api.runs()
    api.now += LINGER + 20.0
    deleted = [each.name for each in api.look().actions if isinstance(each, DeletePod)]
    assert deleted == api.pod_names()


def test_a_sidecar_that_outlives_its_slave_is_ended_and_the_pod_kept() -> None:
    """Once, and not before all had time to end by themselves."""
    api = finished()
    pod = api.objects["Pod", "demo-s0-1"]
    terminated = {"name": "slave", "state": {"terminated": {"exitCode": 0}}}
    proxy = {"name": "proxy", "state": {"running": {}}}
    api.patch(
        "Pod", "demo-s0-1", status={**pod["status"], "containerStatuses": [proxy, terminated]}
    )
    assert not [each for each in api.look().actions if isinstance(each, EndPod)]
    api.now += LINGER + 5.0
    [end] = [each for each in api.look().actions if isinstance(each, EndPod)]
    assert (end.name, end.uid) == ("demo-s0-1", pod["metadata"]["uid"])
    spec = {**pod["spec"], "activeDeadlineSeconds": 1}
    api.patch("Pod", "demo-s0-1", spec=spec)
    assert not [each for each in api.look().actions if isinstance(each, EndPod)]


def test_it_goes_with_its_time_though_its_orders_are_gone() -> None:
    """The status knows when it finished."""
    api = finished(ttlSecondsAfterFinished=500)
    api.delete(*api.orders_key)
    api.now += 100.0
    api.settle()
    assert ("RingRun", "demo") in api.objects
    api.now += 500.0
    api.carry_out(api.look().actions)
    assert ("RingRun", "demo") not in api.objects
