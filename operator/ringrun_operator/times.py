"""Times as the API server writes them, and back: seconds since 1970 are what everything counts in.

Used by whatever reads or builds an object. Nothing here knows what time it is.
"""

from datetime import UTC, datetime


def utc(seconds: float) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def timestamp(seconds: float) -> str:
    """As the API server writes times."""
    return utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(timestamp: object) -> float:
    """Seconds since 1970 of an API server's timestamp; 0 if it is none."""
    if not isinstance(timestamp, str):
        return 0.0
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        return 0.0
