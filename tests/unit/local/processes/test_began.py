"""When a process began."""

import os

from ringrun.local.processes.began import process_began


def test_who_runs_has_begun_and_who_does_not_has_not() -> None:
    """A number that is used again later has begun later."""
    assert process_began(1 << 30) == 0
    assert process_began(os.getpid()) > process_began(1)
