"""What kopf is asked for: every object that is there, or changes, is handed on to a feed.

A registry is made anew for each term of leadership (`watching`); at a desk kopf has its own, which
`handlers` fills. Nothing is decided here, and nothing is written to any object: no finalizer, no
annotation. The indexes are empty; they are what makes kopf wait for the lists of all kinds before
it tells of the first change.
"""

from typing import Any, Final

import kopf
from kopf._core.reactor.inventory import ResourceMemories, ResourceMemory

from ringrun_operator import names
from ringrun_operator.kinds import WATCHED, Kind
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.listing import PAGE

SERVER_TIMEOUT: Final = 10
"""Seconds (whole ones, or it is refused) after which the API server ends a watch, so that one that
lives answers this often."""

INACTIVITY_TIMEOUT: Final = 15.0

BACKOFFS: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 5.0)
"""Seconds between attempts at a request, after which it has failed: kopf's own grow to 21, and an
API server that was away as long would be back unnoticed."""


def registry(feed: Feed) -> kopf.OperatorRegistry:
    """Handlers for every change of what the operator watches; the lists are ours (`listing`)."""
    made = kopf.OperatorRegistry()
    for each in WATCHED:
        _register(made, feed, each, lists=False)
    return made


def register(made: kopf.OperatorRegistry, feed: Feed) -> None:
    """Handlers in a registry that kopf made, and lists for."""
    for each in WATCHED:
        _register(made, feed, each, lists=True)


def _register(made: kopf.OperatorRegistry, feed: Feed, watched: Kind, *, lists: bool) -> None:
    group, version, plural, kind = watched

    def listed(body: kopf.Body, **_: Any) -> None:
        if lists:
            feed.listed(kind, {**body})

    def changed(event: kopf.RawEvent, **_: Any) -> None:
        feed.changed(kind, {**event["object"]}, event["type"] == "DELETED")

    kopf.index(group, version, plural, id=f"{plural}_listed", registry=made)(listed)
    kopf.on.event(group, version, plural, id=f"{plural}_changed", registry=made)(changed)


class Forgetful(ResourceMemories):
    """What kopf knows of each object for handlers of other sorts, which we have none of: nothing.

    It would grow by all that ever changed, 1 KiB for each, until that is deleted.
    """

    async def recall(self, *_: Any, **__: Any) -> ResourceMemory:
        """As of an object that was never seen."""
        return ResourceMemory()


def settings() -> kopf.OperatorSettings:
    """Watches that notice when they have gone silent, and only of our own objects."""
    made = kopf.OperatorSettings()
    set_up(made)
    return made


def set_up(made: kopf.OperatorSettings) -> None:
    """The same in settings that kopf made."""
    made.scanning.disabled = True
    made.posting.enabled = False
    made.networking.error_backoffs = BACKOFFS
    made.watching.chunk_size = PAGE
    made.watching.server_timeout = SERVER_TIMEOUT
    made.watching.inactivity_timeout = INACTIVITY_TIMEOUT
    for each in WATCHED:
        # RingRuns are the users', and bear no label of ours.
        if each.kind != names.KIND:
            made.watching.label_selectors[each.group_version, each.plural] = names.SELECTOR
