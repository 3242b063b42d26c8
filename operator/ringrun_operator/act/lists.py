"""What was listed, until its runs are looked at: when everything is, and then what is news.

Fed by the watches' lists (`watch.listing`), in the controller's own thread; `Controller` has one
and says how a run is looked at.
"""

from collections.abc import Callable, Sequence
from typing import Final

from ringrun_operator.objects.known import is_final
from ringrun_operator.watch.kept import Kept, Key
from ringrun_operator.watch.store import Store

FINISHED_EVERY: Final = 0.02
"""Seconds between the first looks at two runs that were over when they were listed."""


class Lists:
    """The lists of one term. `look(key)` is soon, `later(key, wait)` after so many seconds."""

    def __init__(
        self, store: Store, look: Callable[[Key], None], later: Callable[[Key, float], None]
    ) -> None:
        self._store = store
        self._look = look
        self._later = later
        self._news: set[Key] = set()
        self._complete = False

    def page(self, objects: Sequence[Kept]) -> None:
        """These were there when they were listed."""
        self._news.update(each.key for each in objects if self._store.add(each) and each.key)

    def whole(self, kind: str, namespace: str, uids: frozenset[str], version: int) -> None:
        """Everything of this kind in this namespace (empty: in all) was listed: what is not among
        these was deleted while nobody watched."""
        self._news.update(self._store.keep_only(kind, namespace, uids, version))
        if self._complete:
            self._look_at_news()

    def complete(self) -> None:
        """Everything of all kinds is listed."""
        self._complete = True
        self._look_at_news()

    def _look_at_news(self) -> None:
        """Runs that are over wait for each other, and hold up none that is not."""
        wait = 0.0
        for key in sorted(self._news):
            run = self._store.run(key)
            if run is not None and is_final(run):
                wait += FINISHED_EVERY
                self._later(key, wait)
                self._store.rest(key)
            else:
                self._look(key)
        self._news.clear()
