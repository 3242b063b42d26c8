"""The promises that journals and reports can tell about (docs/protocol.md), and their titles."""

from enum import StrEnum


class Promise(StrEnum):
    """By their numbers."""

    AGREEMENT = "G1"
    CONTIGUOUS = "G2"
    UNIFORM = "G3"
    CONFIRMED = "G4"
    NOT_INVENTED = "G5"
    PHASES = "G6"
    ONE_LEADER = "G7"
    DRAIN = "G8"
    NO_FALSE_PRAISE = "G11"
    NO_RETURN = "G12"


TITLES = {
    Promise.AGREEMENT: "agreement",
    Promise.CONTIGUOUS: "contiguous, unique",
    Promise.UNIFORM: "uniform",
    Promise.CONFIRMED: "confirmed first",
    Promise.NOT_INVENTED: "nothing invented",
    Promise.PHASES: "phases",
    Promise.ONE_LEADER: "one leader counts",
    Promise.DRAIN: "drain",
    Promise.NO_FALSE_PRAISE: "no false praise",
    Promise.NO_RETURN: "no return",
}

NOT_FOR_JOURNALS = {"G9": "progress", "G10": "nothing lost"}
"""What no journal can tell: the tests look at it from outside."""
