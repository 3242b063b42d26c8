"""What became of a slave's connections: collected by `connections`, told to the core by the loop.

In the order in which it happened. Values instead of calls, so that no link changes under the hands
of who is at work on another.
"""

from dataclasses import dataclass

from ringrun.core.node import NodeId
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.link import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """By hand: a master gave this slave a name, and it has no other any more."""

    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A link came up; its decoder may hold frames that came with the handshake's last word."""

    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """The link to this node is gone."""

    peer: NodeId


LinkEvent = Named | Up | Down
