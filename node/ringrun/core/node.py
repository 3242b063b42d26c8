"""Identity: which start of which slave or master is meant.

The one home of names: `s2-1` is the first start of slave 2, `m0-3` the third of master 0. Whoever
has a name from outside (the handshake, a lease, a file) makes one of these of it here, once. A
*holder* stays text: a lease is anybody's to write.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

_NAME: Final = re.compile(r"([sm])(0|[1-9][0-9]{0,8})-([1-9][0-9]{0,8})")


class SlaveId(NamedTuple):
    """One start of one slave: its place on the ring and which start of it this is.

    Ordered by ordinal, then incarnation; on the wire an array of the two.
    """

    ordinal: int
    incarnation: int

    def __str__(self) -> str:
        return f"s{self.ordinal}-{self.incarnation}"

    @property
    def in_words(self) -> str:
        """As people read it."""
        return f"slave {self.ordinal} (incarnation {self.incarnation})"


@dataclass(frozen=True, slots=True, order=True)
class MasterId:
    """One start of one master: its place among the candidates and which start of it this is.

    No tuple, so that it never equals a slave's.
    """

    number: int
    incarnation: int

    def __str__(self) -> str:
        return f"{self.place}-{self.incarnation}"

    @property
    def place(self) -> str:
        """What people call it, whichever start of it this is."""
        return f"m{self.number}"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The master of this name; None if it is no master's name."""
        found = parse(name)
        return found if isinstance(found, cls) else None


NodeId = SlaveId | MasterId
"""A slave or a master."""


def parse(name: str) -> NodeId | None:
    """The node of this name; None if no node is called so."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    role, number, incarnation = match.groups()
    kind = SlaveId if role == "s" else MasterId
    return kind(int(number), int(incarnation))
