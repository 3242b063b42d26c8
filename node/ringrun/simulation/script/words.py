"""The words of a scenario: what nodes are called, and patterns that match lines.

Nodes are called as docs/protocol.md does: A, B, C are the slaves 0, 1, 2 and so on, C2 the second
incarnation of C, L and M the masters 0 and 1. A pattern is words that stand in this order in a
line. Used by `script` alone.
"""

import re

from ringrun.core.node import MasterId, NodeId, SlaveId, parse

NAMES = (
    "A, B, C ... are the slaves 0, 1, 2 ..., C2 is C's next incarnation; L, M ... are the masters"
)

_SLAVES = "ABCDEFGH"
_MASTERS = "LMNOP"

_WORD = re.compile(r"[^\s,:;()\[\]]+")
# s2-1 is a slave's name, m0-1 a master's. [s2 ...] in a frame is the sender of a wagon, in words
# "s2's draws"; "s2 sent" is of the last entry before a cut.
_NODE = re.compile(r"\b(?:([sm]\d+-\d+)\b|s(\d+)(?= k=|'s draw| sent\b))")


def name_of(node: NodeId) -> str:
    """A node's name in scenarios: A, C2, L, M2."""
    if isinstance(node, SlaveId):
        letter, number = _SLAVES[node.ordinal], node.incarnation
    else:
        letter, number = _MASTERS[node.number], node.incarnation
    return letter if number == 1 else f"{letter}{number}"


def node_of(name: str) -> NodeId:
    """The inverse of `name_of`."""
    number = int(name[1:] or 1)
    if name[0] in _SLAVES:
        return SlaveId(_SLAVES.index(name[0]), number)
    return MasterId(_MASTERS.index(name[0]), number)


def renamed(line: str) -> str:
    """A line of a transcript with every node called as scenarios call it."""
    return _NODE.sub(_named, line)


def _named(found: re.Match[str]) -> str:
    name, sender = found.groups()
    node = parse(name) if name else SlaveId(int(sender), 1)
    assert node is not None
    return name_of(node)


def words_of(text: str) -> list[str]:
    """The words without the signs between them."""
    return _WORD.findall(text)


def matches(pattern: list[str], line: str) -> bool:
    """Whether the words of the pattern stand in the line, in this order."""
    words = iter(words_of(line))
    return all(word in words for word in pattern)
