"""What a batch says of itself: of which view it is (G4), and who issued it (G5).

Called by `rebuild` for the batches between two views. Whether they follow each other is for `held`,
whether their numbers are the sender's for the promises.
"""

from ringrun.verify.findings import Anomaly, Findings, Promise, called
from ringrun.verify.reading.reader import Kind, NodeJournal


def check_tags(
    journal: NodeJournal, ordinal: int, view: int, begin: int, end: int, findings: Findings
) -> None:
    """Rows begin..end-1 are of the installed view, and what is issued is the slave's own."""
    entries = journal.entries
    kind = entries.kind[begin:end]
    astray = (kind != Kind.SYNCED) & (entries.view[begin:end] != view)
    if astray.any():
        row = begin + int(astray.argmax())
        findings.add(
            Promise.CONFIRMED,
            Anomaly.UNEXPECTED,
            journal.name,
            f"{called(journal.name)} took index {int(entries.first[row]):,} of view "
            f"{int(entries.view[row])} while in view {view}",
            index=int(entries.first[row]),
            seen=int(entries.view[row]),
            other=view,
        )
    foreign = (kind == Kind.ISSUED) & (entries.sender[begin:end] != ordinal)
    if foreign.any():
        row = begin + int(foreign.argmax())
        findings.add(
            Promise.NOT_INVENTED,
            Anomaly.UNEXPECTED,
            journal.name,
            f"{called(journal.name)} issued index {int(entries.first[row]):,} as slave "
            f"{int(entries.sender[row])}",
            index=int(entries.first[row]),
            seen=int(entries.sender[row]),
            other=ordinal,
        )
