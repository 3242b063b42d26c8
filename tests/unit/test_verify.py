"""Good runs are clean: the checker raises no false alarm."""

import pytest
from journalled_run import eventful_run

from ringrun.verify import check


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
