"""Who a slave is, and whether a peer that knocks is let in. Pure.

Asked by `connections` at the first word of a handshake and again when the peer has proved itself.
That it holds the token is the handshake's to find out.
"""

from dataclasses import dataclass

from ringrun.core.node import SlaveId
from ringrun.runtime.links.wanted import Wanted
from ringrun.runtime.wire.handshake import Open, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """Which slave of which run this process is."""

    run: str
    node: SlaveId


def refusal(opened: Open, name: Name | None, wanted: Wanted, *, free: bool) -> str:
    """Why this peer is not let in; "" if it is. `free`: any master may give this slave a name."""
    peer = opened.me
    same = name is not None and (opened.run, opened.dialled.node) == (name.run, name.node)
    if peer.role is Role.MASTER and (same or free):
        return ""
    if name is None:
        return "no master has named this slave yet"
    if opened.run != name.run:
        return f"of run {opened.run}, this is run {name.run}"
    if not same:
        return f"this is {name.node}, not {opened.dialled}"
    if peer.ordinal >= name.node.ordinal:
        return f"the lower ordinal dials, and this is {name.node}"
    if wanted.replaced(SlaveId(peer.ordinal, peer.incarnation)):
        return f"incarnation {peer.incarnation} of slave {peer.ordinal} was replaced"
    return ""
