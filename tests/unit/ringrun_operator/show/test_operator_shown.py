"""Everything that is shown of a run, put together."""

import math

from api_server import DEFAULTS, ApiServer
from runs_in_memory import orders, said, sending, started

from ringrun.spec import RunSpec
from ringrun_operator.names import Role
from ringrun_operator.objects.known import know
from ringrun_operator.show.shown import Shown


def shown(api: ApiServer) -> Shown:
    world = api.world()
    known = know(world, RunSpec.from_mapping(world.run), DEFAULTS, api.now)
    return Shown.of(known, known.orders, known.ledger)


def test_places_are_counted_and_not_pods() -> None:
    """A slave that was replaced has two, and is one."""
    api = sending()
    api.ends("demo-s1-1")
    api.settle()
    assert "demo-s1-2" in api.pod_names()
    assert (shown(api).created(Role.SLAVE), shown(api).created(Role.MASTER)) == (3, 2)


def test_slaves_whose_result_is_in_the_orders_have_delivered() -> None:
    """Their pods may be gone."""
    api = sending()
    said(api, 0)
    api.settle()
    api.delete("Pod", "demo-s0-1")
    assert [each.ordinal for each in orders(api).results] == [0]
    assert shown(api).delivered == 1


def test_of_a_ring_that_is_whole_nothing_is_overdue() -> None:
    """Of one that waits to be prepared something will be."""
    assert shown(sending()).overdue == math.inf
    assert shown(started()).overdue < math.inf
