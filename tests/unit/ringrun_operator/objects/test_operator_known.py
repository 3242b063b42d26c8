"""Everything that is there of a run, read and understood."""

import pytest
from api_server import DEFAULTS, ApiServer
from runs_in_memory import record, sending, started

from ringrun.core.phase import Phase
from ringrun.record.lease_object import ANNOTATION
from ringrun.spec import RunSpec
from ringrun_operator.names import Role
from ringrun_operator.objects.known import Known, know


def known(api: ApiServer) -> Known:
    world = api.world()
    return know(world, RunSpec.from_mapping(world.run), DEFAULTS, api.now)


def test_a_run_is_new_until_anything_of_it_is_there() -> None:
    """A Secret may be, of which the operator never asks."""
    api = ApiServer()
    assert known(api).is_new
    api.step(actions=1)
    assert known(api).is_new
    api.step(actions=5)
    assert not known(api).is_new


def test_a_start_clock_counts_from_creation_and_stands_while_suspended() -> None:
    """The next operator has to have the same."""
    assert known(ApiServer(now=5000.0)).ledger.started == 1000.0
    assert known(ApiServer(suspend=True)).ledger.started is None


@pytest.mark.parametrize("how", ["gone", "another", "unreadable"])
def test_a_record_that_cannot_be_it_is_lost(how: str) -> None:
    """The Lease that was there first is the record, and no other."""
    api = sending()
    assert known(api).record is not None
    if how == "gone":
        api.delete("Lease", "demo")
    elif how == "another":
        api.objects["Lease", "demo"]["metadata"]["uid"] = "u-other"
    else:
        api.patch("Lease", "demo", annotations={ANNOTATION: "[]"})
    assert known(api).record is None


def test_pods_are_in_the_order_of_their_nodes_and_strangers_are_none() -> None:
    """Whatever they are called."""
    api = started(nodes=11)
    api.put({"kind": "Pod", "metadata": {"name": "demo-other", "namespace": "lab"}})
    slaves = [str(pod.node) for pod in known(api).of_role(Role.SLAVE)]
    assert slaves == [f"s{ordinal}-1" for ordinal in range(11)]


def test_a_run_that_sends_is_not_suspended() -> None:
    """Nor is one that is ordered to stop: only START can be put off."""
    api = started()
    api.patch("RingRun", "demo", spec={"nodes": 3, "suspend": True})
    found = known(api)
    assert found.is_suspended(found.orders)
    assert not found.is_suspended(found.orders.__class__(phase=Phase.STOP))
    record(api, phase=Phase.SEND)
    found = known(api)
    assert not found.is_suspended(found.orders)
