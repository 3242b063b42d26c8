"""What is taken away after the end of a run, and when."""

from runs_in_memory import NODES, finished, said, sending

from ringrun_operator.decide.actions import DeletePod, DeleteRun
from ringrun_operator.decide.cleanup import LINGER


def test_what_still_runs_after_the_end_is_deleted_in_time() -> None:
    """It has fifteen seconds to end by itself; what ended is kept for its logs."""
    api = finished()
    api.ends("demo-s0-1", code=0)
    plan = api.look()
    assert not plan.actions
    api.now = plan.again
    names = [a.name for a in api.look().actions if isinstance(a, DeletePod)]
    assert names == [name for name in NODES if name != "demo-s0-1"]


def test_slaves_without_a_record_have_their_own_time_to_end() -> None:
    """Nobody can stop them, so they are left until their clocks are up."""
    api = sending(periods={"sendMilliseconds": 60_000, "graceMilliseconds": 1_000})
    api.delete("Lease", "demo")
    api.settle()
    api.now += LINGER + 1.0
    assert not api.look().actions
    api.now += 61.0
    assert any(isinstance(action, DeletePod) for action in api.look().actions)


def test_pods_are_cleaned_up_only_when_the_report_is_stored() -> None:
    """cleanup: DeletePods."""
    api = sending(cleanup="DeletePods")
    for ordinal in range(3):
        said(api, ordinal)
    plan = api.look()
    assert not any(isinstance(action, DeletePod) for action in plan.actions)
    api.now += 1000.0
    api.settle()
    assert any(
        "deletionTimestamp" in api.objects["Pod", name]["metadata"] for name in api.pod_names()
    )


def test_a_run_goes_when_its_time_is_over_and_not_before() -> None:
    """ttlSecondsAfterFinished counts from the end that was written down."""
    api = finished(ttlSecondsAfterFinished=30)
    end = api.now
    assert not any(isinstance(action, DeleteRun) for action in api.look().actions)
    api.now = end + 30.0
    assert any(isinstance(action, DeleteRun) for action in api.look().actions)
