"""Results made by hand, for the tests of what leaders make of them."""

from hashlib import sha256

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.core.reason import Reason
from ringrun.core.record import ZERO_DIGEST, FoldValue, Member, Record


def digest(log: str) -> str:
    """Any digest will do that differs when the logs differ; a log is a word, an entry a letter."""
    return sha256(log.encode()).hexdigest() if log else ZERO_DIGEST


def total(log: str) -> str:
    """The exact sum of such a log."""
    return str(sum(index * ord(entry) for index, entry in enumerate(log, 1)))


def fold(log: str) -> FoldValue:
    """What the record says of such a log."""
    return FoldValue(count=len(log), sum_exact=total(log), digest=digest(log))


def result(
    ordinal: int,
    log: str,
    *,
    incarnation: int = 1,
    view: int = 1,
    final: bool = True,
    cuts: tuple[int, ...] = (),
    blocks: tuple[int, ...] = (),
) -> Result:
    """A result of this log, with the digests at these counts as its proof."""
    return Result(
        ordinal=ordinal,
        incarnation=incarnation,
        view=view,
        count=len(log),
        sum_exact=total(log),
        digest=digest(log),
        final=final,
        issued=len(log),
        blocks=tuple((count, digest(log[:count])) for count in blocks),
        cuts=tuple((count, digest(log[:count])) for count in cuts),
        frames_sent=0,
        frames_received=0,
        cpu_seconds=0.0,
        send_seconds=2.0,
        grace_seconds=1.0,
        longest_gap=0.0,
        slowest_peer=-1,
        slowest_wait=0.0,
        latency=(),
    )


def members(*nodes: SlaveId) -> tuple[Member, ...]:
    """Members of a view."""
    return tuple(Member(ordinal=ordinal, incarnation=number) for ordinal, number in nodes)


def by_node(*results: Result) -> dict[SlaveId, Result]:
    """What a leader holds of them."""
    return {each.node: each for each in results}


def stopped(
    log: str,
    *nodes: SlaveId,
    view: int = 2,
    closed: bool | None = True,
    reason: Reason | None = None,
    inside: tuple[Member, ...] | None = None,
) -> Record:
    """A record that says STOP at this log, with these as the members when SEND ended."""
    return Record(
        version=9,
        epoch=1,
        holder="m0-1",
        view=view,
        members=members(*nodes) if inside is None else inside,
        cut=len(log),
        fold=fold(log),
        send_members=members(*nodes),
        closed=closed,
        stop_reason=reason,
    )
