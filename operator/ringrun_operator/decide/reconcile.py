"""One look at a run: from everything that is there to everything that is to be done.

Called by the controller whenever something of the run changed, and at `Plan.again`. It is pure and
keeps nothing: what must not be forgotten is in the orders' ConfigMap, which is written before
anything follows from it, so a pass that was cut off at any point is made good by the next.

    World -> Known -> Decided -> Plan

Before pods can be made, and after the run was said to be finished, there is nothing to decide:
`beginning` and `final` make the plan then.
"""

from ringrun.spec import RunSpec, SpecError
from ringrun_operator.decide.beginning import begin
from ringrun_operator.decide.decided import decide
from ringrun_operator.decide.final import after_the_end
from ringrun_operator.decide.plan import Plan, plan
from ringrun_operator.objects.known import World, know
from ringrun_operator.objects.settings import Defaults
from ringrun_operator.show.status import refused


def reconcile(world: World, defaults: Defaults, now: float) -> Plan:
    """What is to be done about this run. `now` is seconds since 1970: it has to mean the same to
    the next operator."""
    if "deletionTimestamp" in world.run["metadata"]:
        return Plan()
    try:
        spec = RunSpec.from_mapping(world.run)
    except SpecError as error:
        return Plan(status=refused(error.faults, world.run, now))
    known = know(world, spec, defaults, now)
    if known.is_final:
        return after_the_end(known)
    return begin(known) if known.is_new else plan(known, decide(known))
