"""What can go wrong between nodes, as an error family of our own.

`ProtocolError`: a peer broke the rules; its connection is dropped and the reason logged.
"""


class ProtocolError(Exception):
    """A peer said something that no correct peer says."""
