"""The report of a local run whose masters are all gone, from what its slaves left on disk.

Called by `run` alone; what is made of it is `core.supervisor.orphaned`'s.
"""

from typing import Any

from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.core.supervisor.orphaned import orphaned_report as report_of
from ringrun.local.folders import Folders
from ringrun.local.supervisor import Ending
from ringrun.spec import RunSpec


def orphaned_report(spec: RunSpec, folders: Folders, ending: Ending) -> dict[str, Any]:
    """The complete report's document, as nobody is left who could add to it."""
    return report_of(
        spec,
        ending.record or Record(),
        ending.orders,
        ending.draft,
        folders.results(),
        ending.reason or Reason(Why.NO_MASTER),
    )
