"""The checker: proves from journals and report that a run kept its promises, or names what broke.

Shares no code with what it checks: it imports nothing of the core, and computes numbers, sums and
digests by itself. `main` is `ringrun verify DIR`; `check` does the same in memory and is called by
the simulation after every run. Both read the journals of docs/journal.md:

    reading -> rebuilding -> promises -> text
"""

from ringrun.verify.checking import check
from ringrun.verify.evidence import Evidence
from ringrun.verify.findings import Anomaly, Finding, Verification
from ringrun.verify.folder import main
from ringrun.verify.promise import Promise
from ringrun.verify.reading.reader import UnreadableError

__all__ = [
    "Anomaly",
    "Evidence",
    "Finding",
    "Promise",
    "UnreadableError",
    "Verification",
    "check",
    "main",
]
