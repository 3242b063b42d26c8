"""What kopf is asked for: every object that is there, or changes, is handed on to a feed.

A registry is made anew for each term of leadership (`watching`); at a desk kopf has its own, which
`handlers` fills.
Nothing is decided here, and nothing is written to any object: no finalizer, no annotation. The
indexes are not read; they are what makes kopf hand over everything that is there before it tells of
the first change.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import kopf

from ringrun_operator import names

WATCHED: Final = (
    (names.GROUP, names.VERSION, names.PLURAL, names.KIND),
    ("", "v1", "pods", "Pod"),
    ("", "v1", "configmaps", "ConfigMap"),
    ("coordination.k8s.io", "v1", "leases", "Lease"),
)

SERVER_TIMEOUT: Final = 10
"""Seconds (whole ones, or it is refused) after which the API server ends a watch, so that one that
lives answers this often."""

INACTIVITY_TIMEOUT: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Where objects go: `listed(kind, object)` for what is there at first, then
    `changed(kind, object, deleted)`. Called in kopf's thread."""

    listed: Callable[[str, dict[str, Any]], None]
    changed: Callable[[str, dict[str, Any], bool], None]


def registry(feed: Feed) -> kopf.OperatorRegistry:
    """Handlers for everything that the operator watches."""
    made = kopf.OperatorRegistry()
    register(made, feed)
    return made


def register(made: kopf.OperatorRegistry, feed: Feed) -> None:
    """The same in a registry that kopf made."""
    for group, version, plural, kind in WATCHED:
        _register(made, feed, (group, version, plural), kind)


def _register(made: kopf.OperatorRegistry, feed: Feed, resource: Sequence[str], kind: str) -> None:
    group, version, plural = resource

    def listed(body: kopf.Body, **_: Any) -> None:
        feed.listed(kind, {**body})

    def changed(event: kopf.RawEvent, **_: Any) -> None:
        feed.changed(kind, {**event["object"]}, event["type"] == "DELETED")

    kopf.index(group, version, plural, id=f"{plural}_listed", registry=made)(listed)
    kopf.on.event(group, version, plural, id=f"{plural}_changed", registry=made)(changed)


def settings() -> kopf.OperatorSettings:
    """Watches that notice when they have gone silent, and only of our own objects."""
    made = kopf.OperatorSettings()
    set_up(made)
    return made


def set_up(made: kopf.OperatorSettings) -> None:
    """The same in settings that kopf made."""
    made.scanning.disabled = True
    made.posting.enabled = False
    made.watching.server_timeout = SERVER_TIMEOUT
    made.watching.inactivity_timeout = INACTIVITY_TIMEOUT
    for group, version, plural, _ in WATCHED[1:]:
        resource = f"{group}/{version}" if group else version
        made.watching.label_selectors[resource, plural] = names.SELECTOR
