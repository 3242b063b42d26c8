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
        feed = Feed(listed=note, changed=note).into(asyncio.get_running_loop())

        def tell() -> None:
            feed.listed("Pod", {"a": 1})
            feed.changed("Pod", {"a": 2}, False)
            feed.changed("Pod", {"a": 2}, True)

        await asyncio.to_thread(tell)
        await asyncio.sleep(0)

    asyncio.run(scenario())
    assert told == [("Pod", {"a": 1}), ("Pod", {"a": 2}, False), ("Pod", {"a": 2}, True)]
    assert threads == {threading.get_ident()}
