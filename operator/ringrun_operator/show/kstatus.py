"""Ready, Reconciling and Stalled: the summary that tools go by which know nothing of rings.

Made by `conditions` of a run that is looked at, and by `status` once more of one that was finished
by an operator that did not have them. The rules are kstatus's, which Flux, Helm and others use:
Reconciling is progress, Stalled is a failure that waiting does not mend, Ready is all well.
"""

from collections.abc import Mapping
from typing import Any, Final

from ringrun_operator.objects.trouble import Trouble

READY: Final = "Ready"
RECONCILING: Final = "Reconciling"
STALLED: Final = "Stalled"

HOPELESS: Final = frozenset({Trouble.NAME_TAKEN.value, "InvalidSpec"})
"""What only a person mends: told as Stalled before the run ends for it."""


def health(
    succeeded: Mapping[str, Any], *, finished: bool, suspended: bool, sent: bool
) -> dict[str, str]:
    """Status of the three by type, of a run whose condition Succeeded this is.

    A ring that has `sent` goes on whatever is in the way of a pod.
    """
    failed = finished and succeeded["status"] == "False"
    stalled = failed or (not sent and succeeded["reason"] in HOPELESS)
    return {
        READY: succeeded["status"],
        RECONCILING: str(not (finished or suspended or stalled)),
        STALLED: str(stalled),
    }
