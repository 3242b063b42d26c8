"""`ringrun simulate` from its arguments to its exit code."""

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from hashlib import sha256
from typing import TextIO

from ringrun.core.rules import Rules
from ringrun.exit_codes import ExitCode
from ringrun.simulation.case import Profile
from ringrun.simulation.command.asked import listing, profile_of, rules_of
from ringrun.simulation.command.choice import progress_for
from ringrun.simulation.command.commands import Asked
from ringrun.simulation.command.interruption import Interruptible
from ringrun.simulation.command.showing import Printer
from ringrun.simulation.command.totals import Totals
from ringrun.simulation.finish import Outcome
from ringrun.simulation.run import outcomes
from ringrun.spec import RunSpec, SpecError

_SHOWN = 10


def main(
    spec: RunSpec | None,
    *,
    runs: int,
    seed: int,
    faults: str = Profile.ALL,
    without: Sequence[str] = (),
    trace: bool = False,
    digest: str | None = None,
    file: str | None = None,
) -> int:
    """`ringrun simulate`: 0 if no run broke a promise, else 1. SpecError for a wrong flag.

    Broken promises and what was tried go to stdout, how far it is to stderr. Interrupted (SIGINT,
    SIGTERM, SIGHUP), it says what was tried until then, and how to go on: 1 if a promise was broken
    already, which more runs could not mend, else 130.

    `digest` names a file that gets a line a run, its seed and its transcript's digest; that of all
    lines is printed. Two versions of the program whose lines are equal did the same, step by step.
    `file` is where the spec comes from, for the commands that are printed.
    """
    lists = listing(faults, without)
    if lists:
        print(lists)
        return ExitCode.AS_WISHED
    profile, rules = profile_of(faults), rules_of(without)
    asked = Asked(
        spec=spec, file=file, seed=seed, runs=runs, profile=profile, without=tuple(without)
    )
    total = Totals(shown=_SHOWN)
    printer = Printer(sys.stdout)
    begun = time.monotonic()
    # Opened, and so emptied, only now that no flag is refused.
    with _digests(digest) as file_:
        digests = None if file_ is None else Digests(file_)
        interrupted = _search(asked, rules, total, printer, digests, trace=trace)
    printer.lines(total.lines(asked, time.monotonic() - begun))
    if digests is not None:
        which = "all" if not interrupted else f"the first {total.runs:,} of {runs:,}"
        printer.lines([f"digest of {which} transcripts: {digests.hexdigest()}"])
    if interrupted and total.runs < runs:
        printer.lines([f"Go on: {asked.rest(total.runs)}"])
        if digest is not None:
            printer.lines([f"Digests until then are in {digest}; the rest needs another file."])
    if total.broken:
        return ExitCode.NOT_AS_WISHED
    return ExitCode.INTERRUPTED if interrupted else ExitCode.AS_WISHED


class Digests:
    """A line a run in a file, and the digest of all lines."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._all = sha256()

    def add(self, outcome: Outcome) -> None:
        line = f"{outcome.seed} {outcome.digest}\n"
        self._all.update(line.encode())
        self._file.write(line)

    def hexdigest(self) -> str:
        return self._all.hexdigest()


def _search(
    asked: Asked,
    rules: Rules,
    total: Totals,
    printer: Printer,
    digests: Digests | None,
    *,
    trace: bool,
) -> bool:
    """Make the runs, add them up and print what was broken; whether this was interrupted."""
    with Interruptible() as interruptible:
        progress = progress_for(sys.stderr, asked.runs, silent=trace)
        found = outcomes(
            asked.spec,
            range(asked.seed, asked.seed + asked.runs),
            asked.profile,
            rules,
            tell=printer.tell if trace else None,
            digests=digests is not None,
        )
        try:
            with closing(found):
                for outcome in found:
                    # What is counted is also shown.
                    interruptible.hold()
                    total.add(outcome)
                    if digests is not None:
                        digests.add(outcome)
                    if outcome.findings and total.broken <= _SHOWN:
                        progress.hide()
                        printer.lines(_broken(outcome, asked))
                    progress.show(total)
                    interruptible.go_on()
        except KeyboardInterrupt:
            return True
        finally:
            progress.close()
    return False


def _digests(path: str | None) -> AbstractContextManager[TextIO | None]:
    if path is None:
        return nullcontext()
    try:
        return open(path, "w", encoding="ascii")
    except OSError as error:
        raise SpecError([f"--digest: {path} cannot be written: {error.strerror}"]) from error


def _broken(outcome: Outcome, asked: Asked) -> list[str]:
    lines = [f"seed {outcome.seed}  BROKEN  {finding}" for finding in outcome.findings]
    return [*lines, f"  replay: {asked.replay(outcome.seed)}"]
