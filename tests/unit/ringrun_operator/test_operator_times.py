"""Times as the API server writes them, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun_operator.times import seconds, timestamp


@given(st.integers(0, 2**32))
def test_a_time_is_read_back_as_it_was_written(at: int) -> None:
    """To the second, whatever the place of this machine."""
    assert seconds(timestamp(at)) == at


def test_it_is_written_as_the_api_server_does() -> None:
    """In UTC, and without a fraction: it would refuse one."""
    assert timestamp(1000.9) == "1970-01-01T00:16:40Z"


@pytest.mark.parametrize("said", [None, "", "soon", 12, {}], ids=str)
def test_what_is_no_time_is_long_ago(said: object) -> None:
    """Nothing waits for it."""
    assert seconds(said) == 0.0
