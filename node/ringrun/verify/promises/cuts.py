"""Every later view keeps what anyone approved (G3), told by the cuts alone.

That the entries below the cuts are the same is for `agreement`, and the folds that are recorded
with them for `outcome`.
"""

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.promises.views import Views
from ringrun.verify.rebuilding.history import NODE, History


def check_cuts(views: Views, histories: dict[NODE, History], findings: Findings) -> None:
    """What anyone approved is within the cut of every later recorded view (G3)."""
    ordered = sorted(views.known.items())
    for history in histories.values():
        approved = dict(history.approved_in)
        if history.based_before:
            before = history.based_before - 1
            approved[before] = max(approved.get(before, 0), history.base.count)
        for number, view in ordered:
            highest = max(
                ((up_to, where) for where, up_to in approved.items() if where < number),
                default=(0, 0),
            )
            if highest[0] > view.cut:
                findings.add(
                    Promise.UNIFORM,
                    Anomaly.LOST,
                    history.name,
                    f"{called(history.name)} approved index {view.cut + 1:,} in view "
                    f"{highest[1]}, view {number} was recorded with cut {view.cut:,}",
                    index=view.cut + 1,
                    seen=highest[0],
                    other=view.cut,
                )
                break
