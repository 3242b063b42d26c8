"""Good runs are clean: the checker raises no false alarm."""

import pytest
from journalled_run import JournalledRun

from ringrun.verify import check


def eventful_run() -> JournalledRun:
    """Four slaves; one dies and is replaced, the leader changes, entries are under way at each."""
    run = JournalledRun(4)
    for count in (1, 2, 3):
        for ordinal in range(4):
            run.issue(ordinal, count)
        run.approve()
    run.issue(1, 2, reach=1)
    run.kill(3)
    run.change_view()
    run.issue(0, 2)
    run.approve(0, 2)
    run.change_leader()
    run.change_view(join=True)
    for turn in range(6):
        run.issue(turn % 4)
        run.approve()
    run.finish()
    return run


@pytest.mark.parametrize("same_clock", [True, False])
def test_a_good_run_is_clean(same_clock: bool) -> None:
    """With a view change, a replacement from a base and a take-over, every promise holds."""
    run = eventful_run()
    verification = check(run.journals(), run.report, same_clock)
    assert verification.findings == ()
    assert verification.unchecked == ()
    assert verification.incarnations == ((0, 1), (1, 1), (2, 1), (3, 2))
    assert (verification.views, verification.epochs) == (3, 2)
    assert verification.messages == run.report["count"]
