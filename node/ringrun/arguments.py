"""Checks of single arguments that belong to no field of the spec; used by `cli` alone.

Each gives the value, and adds a line to `faults` if the text has none that is allowed: the value is
then a stand-in, so that the other arguments can be checked too.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ringrun.spec.faults import near, shown


def one_of(place: str, text: str, options: Sequence[str], faults: list[str]) -> str:
    """The text, if it is one of the options."""
    if text in options:
        return text
    hint = near(text, options)
    faults.append(f"{place}: must be one of {', '.join(options)}, got {shown(text)}{hint}")
    return options[0]


def integer(place: str, text: str, low: int, faults: list[str], high: int | None = None) -> int:
    """The integer of the text, from low to high."""
    if not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
        faults.append(f"{place}: must be an integer, got {shown(text)}")
        return low
    value = int(text)
    if value < low or (high is not None and value > high):
        rule = f"between {low} and {high}" if high is not None else f"at least {low}"
        faults.append(f"{place}: must be {rule}, got {value}")
    return value


def port(place: str, text: str, faults: list[str]) -> int:
    """The number of a TCP port; 0, any free one, is not among them: nobody could find it."""
    return integer(place, text, 1, faults, high=65_535)


def addresses(
    place: str, text: str | None, faults: list[str]
) -> tuple[tuple[str, int], ...] | None:
    """HOST:PORT,... as pairs; IPv6 addresses in brackets. None if there is none."""
    if text is None:
        return None
    addresses: dict[tuple[str, int], None] = {}
    for part in text.split(","):
        host, colon, number = part.strip().rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host:
            faults.append(f"{place}: must be HOST:PORT,HOST:PORT,..., got {shown(part)}")
            continue
        address = (host, port(place, number, faults))
        if address in addresses:
            faults.append(f"{place}: must name each slave once, got {shown(part.strip())} twice")
        addresses[address] = None
    return tuple(addresses)


def folder(place: str, text: str | None, faults: list[str]) -> Path | None:
    """The folder, made if it is not there, once something could be written in it."""
    if text is None:
        return None
    if not text:
        # As of a variable that is not set: it must not come to mean the folder where one is.
        faults.append(f'{place}: must name a folder, got ""')
        return None
    folder = Path(text)
    probe = folder / f".ringrun-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        faults.append(f"{place}: {folder} must be a folder to write in: {reason}")
    return folder
