"""A slave's result where the kubelet keeps it: at most 4,096 bytes, and readable."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.messages import Result
from ringrun.runtime.slave.results import TERMINATION_BYTES, termination_message

POINTS = st.lists(st.tuples(st.integers(0, 2**62), st.just("ab" * 32)), max_size=120)
LATENCY = st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 2**40)), max_size=600)


@given(blocks=POINTS, cuts=POINTS, latency=LATENCY)
def test_any_result_fits_and_keeps_its_tally(
    blocks: list[tuple[int, str]], cuts: list[tuple[int, str]], latency: list[tuple[int, int]]
) -> None:
    """What is left out is what matters least; the newest checkpoints stay."""
    result = Result(
        ordinal=511,
        incarnation=2**31,
        view=2**31,
        count=2**62,
        sum_exact="9" * 60,
        digest="cd" * 32,
        final=True,
        issued=2**62,
        blocks=tuple(blocks),
        cuts=tuple(cuts),
        frames_sent=2**62,
        frames_received=2**62,
        cpu_seconds=1 / 3,
        send_seconds=1 / 3,
        grace_seconds=1 / 3,
        longest_gap=1 / 3,
        slowest_peer=511,
        slowest_wait=1 / 3,
        latency=tuple(latency),
    )
    message = termination_message(result)
    assert len(message) <= TERMINATION_BYTES
    read = msgspec.json.decode(message, type=Result)
    tally = ("count", "sum_exact", "digest", "final", "issued", "view", "incarnation")
    assert all(getattr(read, name) == getattr(result, name) for name in tally)
    assert read.blocks == result.blocks[len(blocks) - len(read.blocks) :]
    assert read.cuts == result.cuts[len(cuts) - len(read.cuts) :]
    if len(msgspec.json.encode(result)) <= TERMINATION_BYTES:
        assert read == result
