"""Everything that is there of a run, read and understood."""

import pytest
from api_server import DEFAULTS, ApiServer
from runs_in_memory import record, sending, started

from ringrun.core.phase import Phase
from ringrun.record.lease_object import ANNOTATION
from ringrun.spec import RunSpec
from ringrun_operator.names import Role
from ringrun_operator.objects.known import Known, know
from ringrun_operator.objects.settings import Defaults


def known(api: ApiServer) -> Known:
    world = api.world()
    return know(world, RunSpec.from_mapping(world.run), DEFAULTS, api.now)


def test_a_run_is_new_until_all_is_there_that_pods_need() -> None:
    """First the orders, then Lease and result, then the rights, which the orders know of."""
    api = ApiServer()
    for made in (0, 1, 3):
        assert known(api).is_new
        assert len(api.made) == made
        api.step()
    found = known(api)
    assert not found.is_new
    assert found.ledger.mark == "feed"
    assert found.ledger.record_uid == api.objects["Lease", "demo"]["metadata"]["uid"]


def test_a_run_of_which_all_is_gone_is_not_begun_anew() -> None:
    """It had pods: another ring under its name would be another run."""
    api = sending()
    for kind, name in list(api.objects):
        if kind != "RingRun":
            api.delete(kind, name)
    assert not known(api).is_new
    assert known(api).record is None


def test_a_start_clock_counts_from_when_the_run_is_taken_up_and_stands_while_suspended() -> None:
    """Not from its creation: no operator may have been there. The next has to have the same."""
    api = ApiServer(now=5000.0)
    assert known(api).ledger.started == 5000.0
    api.step()
    api.now += 100.0
    assert known(api).ledger.started == 5000.0
    assert known(ApiServer(suspend=True)).ledger.started is None


def test_what_a_run_began_with_is_read_from_its_pods_where_the_orders_were_lost() -> None:
    """Its names, its image and its start clock."""
    api = started()
    before = known(api)
    api.delete(*api.orders_key)
    api.now += 50.0
    world = api.world()
    other = Defaults(image="ringrun:2", pull_policy="Always")
    found = know(world, RunSpec.from_mapping(world.run), other, api.now)
    assert found.kept is None
    assert found.owner.token_name == before.owner.token_name == "demo-token-feed"
    assert found.settings == before.settings
    assert found.ledger.started == before.ledger.started


def test_whom_pods_run_as_goes_on_where_an_earlier_operator_had_said_it() -> None:
    """The files of a mounted volume are that user's: pods made later must be able to write them."""
    api = started()
    api.delete(*api.orders_key)
    earlier = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532}
    for (kind, _), each in api.objects.items():
        if kind == "Pod":
            each["spec"]["securityContext"] = earlier
    world = api.world()
    found = know(world, RunSpec.from_mapping(world.run), Defaults(image="ringrun:2"), api.now)
    users = {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532}
    assert found.settings.slaves["podSecurityContext"] == users
    assert found.settings.masters["podSecurityContext"] == users


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
