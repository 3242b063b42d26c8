"""What is asked of the API server when, and what is made of its answers."""

import asyncio
from typing import Any

from ringrun.record.api import ApiError, Refused
from ringrun_operator.act.reach import EVERY, PORTION, REQUEST, ROUND, Reach
from ringrun_operator.act.rights import Right

RIGHTS = [Right(verb, "", "pods", "") for verb in "abcdefgh"]


class Asked:
    """A cluster that grants what a test says, or fails as it says."""

    server = "https://here"

    def __init__(self) -> None:
        self.denied: set[str] = set()
        self.fails: ApiError | None = None
        self.forbidden = 0
        self.verbs: list[str] = []
        self.now = 100.0

    async def may(self, verb: str, *_: str, within: float) -> bool:
        self.verbs.append(verb)
        if self.fails is not None:
            raise self.fails
        return verb not in self.denied


def reach() -> tuple[Any, Reach]:
    cluster: Any = Asked()
    return cluster, Reach(cluster, RIGHTS, lambda: float(cluster.now))


def ask(cluster: Asked, asking: Reach, after: float = EVERY) -> list[str]:
    """Which rights were asked for."""
    cluster.now += after
    cluster.verbs.clear()
    asyncio.run(asking.ask())
    return sorted(cluster.verbs)


def test_all_are_asked_for_at_first_and_then_one_after_the_other() -> None:
    """Until then nothing is known, and that is not well."""
    cluster, asking = reach()
    assert asking.fault == "the API server has not been asked yet"
    assert ask(cluster, asking) == [*"abcdefgh"]
    assert asking.fault == ""
    assert [ask(cluster, asking) for _ in range(4)] == [[*"abc"], [*"def"], [*"agh"], [*"bcd"]]


def test_while_one_is_missing_all_are_asked_for() -> None:
    """So that it is known soon when that is mended, and all that is missing is told."""
    cluster, asking = reach()
    cluster.denied = {"g"}
    ask(cluster, asking)
    assert asking.fault.startswith("the operator may not g pods (in all namespaces)")
    assert len(ask(cluster, asking)) == len(RIGHTS)
    cluster.denied = set()
    assert len(ask(cluster, asking)) == len(RIGHTS)
    assert asking.fault == ""
    assert len(ask(cluster, asking)) == PORTION


def test_one_that_is_missed_in_its_turn_causes_a_round() -> None:
    """There may be more; what is told is what a round has found."""
    cluster, asking = reach()
    ask(cluster, asking)
    cluster.denied = {"a", "h"}
    assert ask(cluster, asking) == [*"abc"]
    assert len(ask(cluster, asking)) == len(RIGHTS)
    assert "a pods, h pods" in asking.fault


def test_a_refusal_elsewhere_causes_a_round_and_not_many() -> None:
    """A quota refuses pods with the same status, every few seconds."""
    cluster, asking = reach()
    ask(cluster, asking)
    rounds = 0
    for _ in range(round(4 * ROUND / EVERY)):
        cluster.forbidden += 1
        rounds += len(ask(cluster, asking)) == len(RIGHTS)
    assert rounds in (3, 4)


def test_a_server_that_is_away_is_told_without_the_question() -> None:
    """What was known of the rights stays."""
    cluster, asking = reach()
    cluster.denied = {"g"}
    ask(cluster, asking)
    cluster.fails = ApiError("POST /apis/x: Connection refused")
    ask(cluster, asking)
    assert asking.fault == "the API server https://here is out of reach: Connection refused"
    cluster.fails = None
    ask(cluster, asking)
    assert "g pods" in asking.fault


def test_whether_one_may_ask_is_no_matter() -> None:
    """Then the watches have to tell. Any other refusal is one of everything."""
    cluster, asking = reach()
    cluster.fails = Refused(403, "selfsubjectaccessreviews are forbidden")
    ask(cluster, asking)
    assert asking.fault == ""
    cluster.fails = Refused(401, "Unauthorized")
    ask(cluster, asking)
    assert asking.fault == "the API server refuses: Unauthorized"


def test_how_long_it_has_answered_begins_anew_after_a_pause() -> None:
    """As when the operator was stopped for a minute: nobody knows what was in between."""
    cluster, asking = reach()
    assert asking.answering == 0.0
    ask(cluster, asking)
    ask(cluster, asking)
    assert asking.answering == EVERY
    cluster.now += 60.0
    assert asking.answering == 0.0
    ask(cluster, asking, after=0.0)
    assert asking.answering == 0.0
    ask(cluster, asking, after=EVERY + REQUEST)
    assert asking.answering == EVERY + REQUEST
    cluster.fails = ApiError("POST /x: away")
    ask(cluster, asking)
    assert asking.answering == 0.0
