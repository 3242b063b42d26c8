"""What is told of a run, as events."""

from api_server import ApiServer
from runs_in_memory import finished, record, sending

from ringrun_operator.decide.plan import Plan


def told(plan: Plan) -> list[tuple[str, str, str]]:
    return [(event.type.value, event.reason, event.key) for event in plan.events]


def test_every_look_tells_all_in_the_order_in_which_it_happened() -> None:
    """The API server refuses what was told before."""
    assert told(sending().look()) == [
        ("Normal", "SlavesCreated", ""),
        ("Normal", "LeaderElected", "1"),
    ]


def test_each_leader_is_told_by_its_epoch() -> None:
    """One that leads again is another."""
    api = sending()
    record(api, epoch=2, holder="m1-1")
    (event,) = [each for each in api.look().events if each.reason == "LeaderElected"]
    assert (event.key, event.message) == ("2", "m1 leads (epoch 2)")


def test_a_lost_slave_is_told_with_its_cause() -> None:
    """And its replacement when it is in the ring."""
    api = sending()
    api.ends("demo-s1-1")
    api.settle()
    (event,) = [each for each in api.look().events if each.reason == "SlaveLost"]
    assert (event.key, event.message) == ("1-1", "slave 1 (incarnation 1): exit code 137")


def test_an_obstacle_is_told_once_whatever_its_words() -> None:
    """Those of a kubelet that tries again differ from try to try."""
    api = ApiServer()
    api.settle()
    keys = []
    for words in ("first", "second"):
        api.waits("demo-s0-1", "ErrImagePull", words)
        keys.append([event.key for event in api.look().events if event.type == "Warning"])
    assert keys == [["ImagePullFailed"]] * 2


def test_the_outcome_is_told_as_what_it_is() -> None:
    """All but Agreed is a warning."""
    assert told(finished().look())[-1] == ("Warning", "Failed", "")


def test_a_suspended_run_says_so() -> None:
    """Nobody else would say why nothing happens."""
    api = ApiServer(suspend=True)
    assert ("Normal", "Suspended", "") in told(api.settle())
