"""An evicted incarnation never returns, and no view has two of one ordinal (G12)."""

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.promises.views import Views, node_name
from ringrun.verify.rebuilding.history import NODE


def check_incarnations(views: Views, findings: Findings) -> None:
    """An incarnation is in one unbroken stretch of views, and alone of its ordinal (G12)."""
    ended: set[NODE] = set()
    present: set[NODE] = set()
    newest: dict[int, int] = {}
    for number, view in sorted(views.known.items()):
        members = set(view.members)
        for ordinal, start in sorted(members):
            name = node_name((ordinal, start))
            others = sorted(other for other in members if other[0] == ordinal)
            if len(others) > 1:
                findings.add(
                    Promise.NO_RETURN,
                    Anomaly.DUPLICATED,
                    name,
                    f"view {number} has incarnations "
                    f"{' and '.join(str(other[1]) for other in others)} of slave {ordinal}",
                    seen=[list(other) for other in others],
                )
            elif (ordinal, start) in ended or start < newest.get(ordinal, 0):
                findings.add(
                    Promise.NO_RETURN,
                    Anomaly.UNEXPECTED,
                    name,
                    f"{called(name)} is in view {number} again, after a view without it",
                    seen=number,
                )
            newest[ordinal] = max(newest.get(ordinal, 0), start)
        ended |= present - members
        present = members
