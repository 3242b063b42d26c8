"""What kopf is asked for."""

from ringrun_operator.kinds import WATCHED
from ringrun_operator.watch.registry import INACTIVITY_TIMEOUT, SERVER_TIMEOUT, settings


def test_only_ring_runs_are_watched_whoever_made_them() -> None:
    """Of all else there may be a great deal on a cluster that is not ours."""
    selected = settings().watching.label_selectors
    for kind in WATCHED:
        ours = (kind.group_version, kind.plural) in selected
        assert ours == (kind.kind != "RingRun")


def test_a_watch_that_lives_answers_before_it_counts_as_silent() -> None:
    """Or it would be broken off again and again."""
    assert SERVER_TIMEOUT < INACTIVITY_TIMEOUT
    assert settings().watching.server_timeout == SERVER_TIMEOUT
