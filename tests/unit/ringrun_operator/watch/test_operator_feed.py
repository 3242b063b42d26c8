"""How objects come from the thread of the watches into the loop of whoever is told."""

import asyncio
import threading
from typing import Any

from ringrun_operator.watch.feed import Feed


def test_what_another_thread_tells_arrives_in_this_loop_and_in_order() -> None:
    """None of it in the thread that told it."""
    told: list[tuple[Any, ...]] = []
    threads: set[int] = set()

    def note(*what: Any) -> None:
        threads.add(threading.get_ident())
        told.append(what)

    async def scenario() -> None:
        feed = Feed(listed=note, changed=note, page=note, whole=note, complete=note)
        feed = feed.into(asyncio.get_running_loop())

        def tell() -> None:
            feed.listed("Pod", {"a": 1})
            feed.page([])
            feed.whole("Pod", "lab", frozenset({"u"}), 7)
            feed.complete()
            feed.changed("Pod", {"a": 2}, False)
            feed.changed("Pod", {"a": 2}, True)

        await asyncio.to_thread(tell)
        await asyncio.sleep(0)

    asyncio.run(scenario())
    assert told == [
        ("Pod", {"a": 1}),
        ([],),
        ("Pod", "lab", frozenset({"u"}), 7),
        (),
        ("Pod", {"a": 2}, False),
        ("Pod", {"a": 2}, True),
    ]
    assert threads == {threading.get_ident()}


def test_nobody_has_to_want_to_know_when_a_list_is_whole() -> None:
    """At a desk the lists are kopf's, and it does not tell."""
    feed = Feed(listed=print, changed=print)
    feed.page([])
    feed.whole("Pod", "", frozenset(), 1)
    feed.complete()
