"""Messages in words: what, which view, up to which index (simulation.telling.messages)."""

from typing import Any, get_args

import pytest

from ringrun.core.messages import (
    Base,
    Close,
    Control,
    Fetch,
    Fetched,
    Frozen,
    Heartbeat,
    Hello,
    Install,
    Installed,
    Kick,
    Kicked,
    Leave,
    Meet,
    Met,
    Refused,
    Result,
    ResultSaid,
    Status,
    Stored,
    Suspect,
    Sync,
    Synced,
    Trouble,
    Wedge,
    Wedged,
)
from ringrun.core.node import SlaveId
from ringrun.core.phase import Phase
from ringrun.core.record import FoldValue, Member, Record
from ringrun.core.ring.frame import HEADER, WAGON, Kind
from ringrun.simulation.case import Case, make_spec
from ringrun.simulation.telling.messages import name, words

PLAN = Case(seed=1, spec=make_spec()).plan
A, B, C2 = (Member(ordinal=n, incarnation=i, host="h", port=1) for n, i in [(0, 1), (1, 1), (2, 2)])
SAID: dict[str, Any] = {"epoch": 2, "holder": "m0-1"}
VIEW = Record(epoch=2, view=3, members=(A, B), cut=7, phase=Phase.SEND)
FOLD = FoldValue(count=7, sum_exact="1", digest="00")
BASE = Base(count=6, sum_exact="1", senders=(), last_sender=0, digest=b"", runs=(), numbers=b"")
RESULT = Result(
    ordinal=0, incarnation=1, view=3, count=11, sum_exact="1", digest="00", final=False, issued=4,
    blocks=(), cuts=(), frames_sent=0, frames_received=0, cpu_seconds=0.0, send_seconds=1.0,
    grace_seconds=1.0, longest_gap=0.0, slowest_peer=-1, slowest_wait=0.0, latency=(),
)  # fmt: skip

TOLD: list[tuple[Any, str]] = [
    (
        Meet(**SAID, attempt=1, joiners=(A, B), members=(), plan=PLAN),
        "MEET: attempt 1: prove your links to [s0-1 s1-1]",
    ),
    (
        Meet(**SAID, attempt=1, joiners=(C2,), members=(A, B), plan=PLAN),
        "MEET: attempt 1: [s2-2] would join [s0-1 s1-1]; prove your links",
    ),
    (Met(epoch=2, attempt=1, links=()), "MET: attempt 1: no link works yet"),
    (
        Met(epoch=2, attempt=1, links=(SlaveId(1, 1),)),
        "MET: attempt 1: links work to [s1-1]",
    ),
    (
        Wedge(**SAID, attempt=2, record=VIEW, elapsed=0.25),
        "WEDGE: attempt 2: stop in view 3 for good; GO 0.250 s ago",
    ),
    (
        Wedge(**SAID, attempt=2, record=Record(), elapsed=-1.0),
        "WEDGE: attempt 2: stop before the first view for good",
    ),
    (
        Wedged(epoch=2, attempt=2, view=3, held=9, approved=8, elapsed=-1.0),
        "WEDGED: attempt 2: holds 9, approved 8 in view 3",
    ),
    (
        Sync(**SAID, attempt=2, view=3, cut=9, donor=A, plan=PLAN),
        "SYNC: attempt 2: come to hold 9 of view 3; s0-1 has it",
    ),
    (
        Sync(**SAID, attempt=1, view=0, cut=0, donor=None, plan=PLAN),
        "SYNC: attempt 1: come to hold 0",
    ),
    (
        Synced(epoch=2, attempt=2, view=3, fold=FOLD, sender=1),
        "SYNCED: attempt 2: holds 7, which s1 sent",
    ),
    (Synced(epoch=2, attempt=2, view=3, fold=FOLD, sender=-1), "SYNCED: attempt 2: holds 7"),
    (
        Install(**SAID, record=VIEW, elapsed=0.5),
        "INSTALL: go on in view 3 [s0-1 s1-1] after 7; GO 0.500 s ago",
    ),
    (
        Install(**SAID, record=VIEW.evolve(phase=Phase.GRACE), elapsed=-1.0),
        "INSTALL: go on in view 3 [s0-1 s1-1] after 7, in GRACE",
    ),
    (
        Installed(epoch=2, view=3, wedged=False, elapsed=0.0),
        "INSTALLED: is in view 3; GO 0.000 s ago",
    ),
    (
        Installed(epoch=2, view=3, wedged=True, elapsed=-1.0),
        "INSTALLED: is in view 3, and already stopped in it",
    ),
    (Kick(**SAID, view=3, elapsed=-1.0), "KICK: send first in view 3"),
    (Kicked(epoch=2, view=3), "KICKED: was pushed in view 3"),
    (
        Close(**SAID, record=VIEW.evolve(closed=True)),
        "CLOSE: the run is over: give your result, which ends at 7",
    ),
    (
        Close(**SAID, record=VIEW.evolve(closed=False)),
        "CLOSE: the run is over, and closed by nobody: give what you have approved",
    ),
    (Stored(**SAID), "STORED: your result is kept; you may exit"),
    (
        Suspect(view=3, suspect=SlaveId(1, 1), trouble=Trouble.WAITING),
        "SUSPECT: in view 3: s1-1 is waited for",
    ),
    (
        Status(view=3, approved=8, elapsed=0.5, p99=0.04),
        "STATUS: approved 8 in view 3, p99 40 ms; GO 0.500 s ago",
    ),
    (Frozen(view=3, held=9, elapsed=-1.0), "FROZEN: GRACE is over: holds 9 in view 3"),
    (ResultSaid(result=RESULT), "RESULT: counted 11 in view 3, not final"),
    (Refused(epoch=3, holder="m1-1"), "REFUSED: obeys epoch 3 of m1-1"),
    (Leave(view=3), "LEAVE: was told to end; a view after 3 has to be without it"),
    (
        Hello(view=3, held=9, approved=8, turn=4),
        "HELLO: connected anew in view 3: holds 9, approved 8, last had turn 4",
    ),
    (
        Fetch(epoch=2, attempt=2, view=3, first=8, last=9, snapshot=False),
        "FETCH: attempt 2: send entries 8 to 9 of view 3",
    ),
    (
        Fetch(epoch=2, attempt=2, view=3, first=1, last=9, snapshot=True),
        "FETCH: attempt 2: send your approved fold, and what follows of entries 1 to 9 of view 3",
    ),
    (
        Fetched(epoch=2, attempt=2, view=3, batches=((7, 0, 1, 1), (8, 1, 3, 2)), numbers=b""),
        "FETCHED: attempt 2: entries 7 to 9 of view 3",
    ),
    (
        Fetched(epoch=2, attempt=2, view=3, batches=(), numbers=b"", base=BASE),
        "FETCHED: attempt 2: the fold of 6, and no entry of view 3",
    ),
    (Heartbeat(), "HEARTBEAT: lives"),
]


@pytest.mark.parametrize(("message", "text"), TOLD, ids=[text for _, text in TOLD])
def test_a_message_says_which_view_and_up_to_which_index(message: Any, text: str) -> None:
    assert f"{name(message)}: {words(message)}" == text


def test_every_message_has_words() -> None:
    assert {type(message) for message, _ in TOLD} == set(get_args(Control))


@pytest.mark.parametrize("trouble", list(Trouble))
def test_every_trouble_has_words(trouble: Trouble) -> None:
    assert words(Suspect(view=1, suspect=SlaveId(1, 1), trouble=trouble))


def frame(kind: int, *wagons: tuple[int, int, int], first: int = 4, ack: int = 5) -> bytes:
    header = HEADER.pack(kind, len(wagons), 2, 9, first, ack, 3)
    return header + b"".join(WAGON.pack(*wagon) for wagon in wagons)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            frame(Kind.MESSAGE, (0, 2, 1)),
            "MESSAGE: view 2 turn 9: entry 4 (s0's draw 2); holds 5, approved 3",
        ),
        (frame(Kind.CONFIRM), "CONFIRM: view 2 turn 9: holds 5, approved 3"),
        (frame(Kind.APPROVE), "APPROVE: view 2 turn 9: holds 5, approved 3"),
        (frame(Kind.TURN), "TURN: view 2 turn 9: nothing new; holds 5, approved 3"),
        (
            frame(Kind.TRAIN, (0, 2, 2), (1, 7, 1)),
            "TRAIN: view 2 turn 9: entries 4 to 5 (s0's draws 2 to 3), entry 6 (s1's draw 7); "
            "last loaded at turn 5, approved 3",
        ),
        (frame(77), "FRAME 77: view 2 turn 9: holds 5, approved 3"),
    ],
)
def test_a_frame_says_what_is_in_it_and_who_sent_that(data: bytes, text: str) -> None:
    assert f"{name(data)}: {words(data)}" == text
