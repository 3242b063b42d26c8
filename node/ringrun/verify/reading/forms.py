"""The documents of a journal, as far as the checks rely on them; a document may say more.

`reader` holds every document to its form, so that what comes after it need not doubt a type. A
record whose check is right and whose form is wrong was written by no node of ours.
"""

from typing import Annotated, Any, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Node = tuple[Count, Count]


class _Form(msgspec.Struct, rename="camel", forbid_unknown_fields=False):
    """Fields that are not named here are let through."""


class _Meta(_Form):
    seed: Annotated[int, msgspec.Meta(ge=0)] | None = None
    node: str | None = None
    nodes: Count | None = None
    send: float | None = None
    grace: float | None = None
    clock: str | None = None
    id: str | None = None


class _View(_Form):
    number: Count
    epoch: Count
    members: list[tuple[Count, Count]]
    cut: Count
    holder: str | None = None


class _Base(_Form):
    count: Count
    sum_exact: str
    digest: str
    senders: list[tuple[Count, Count]]
    runs: list[tuple[Count, Count, Count, Count]]
    numbers: str


class _Phase(_Form):
    phase: Literal["START", "SEND", "GRACE", "STOP"]
    elapsed: float | None = None


class _Command(_Form):
    command: str
    epoch: Count
    holder: str | None
    obeyed: bool
    view: Count | None = None


class _Result(_Form):
    count: Count
    sum_exact: str
    digest: str
    final: bool


class _Record(_Form):
    outcome: str
    version: Count
    epoch: Count
    holder: str | None
    view: Count
    members: list[Any]
    cut: Count
    phase: str
    closed: bool | None = None


class _ReportedSlave(_Form):
    ordinal: Count
    incarnation: Count
    count: Count | None = None
    sum_exact: str | None = None
    digest: str | None = None


class _ReportedFailure(_Form):
    at: float | None = None
    kind: str | None = None
    node: str | None = None


class _Report(_Form):
    verdict: str
    count: Count = 0
    sum_exact: str = "0"
    digest: str = ""
    reason: str | None = None
    spec: dict[str, Any] | None = None
    slaves: list[_ReportedSlave] | None = None
    failures: list[_ReportedFailure] | None = None
    epochs: list[dict[str, Any]] | None = None


FORMS: dict[str, type[msgspec.Struct]] = {
    "META": _Meta,
    "VIEW": _View,
    "BASE": _Base,
    "PHASE": _Phase,
    "COMMAND": _Command,
    "RESULT": _Result,
    "RECORD": _Record,
}
"""The form of each kind of record that has one, by the kind's name."""


def form_of_report(report: dict[str, Any]) -> str:
    """Why this is no report, in one line; empty if it is one."""
    try:
        msgspec.convert(report, _Report)
    except msgspec.ValidationError as error:
        return str(error)
    return ""
