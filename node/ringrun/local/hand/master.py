"""`ringrun master`: a whole run with slaves that others started, named or found on this machine.

Called by `run_master` of this folder. What is done with the slaves is in `supervising`.
"""

import asyncio
import secrets
from pathlib import Path

from ringrun.core.orders import Orders
from ringrun.core.reason import Reason, Why
from ringrun.core.record import Record
from ringrun.exit_codes import ExitCode
from ringrun.local.hand.access import (
    check_host,
    listening,
    registry_folder,
    resolved,
    token_of_environment,
)
from ringrun.local.hand.found import START, Found, find
from ringrun.local.hand.outcome import HandEnding, put_out, report_of
from ringrun.local.hand.supervising import HandSetting, HandSupervisor
from ringrun.local.interrupts import Interrupts
from ringrun.report_text import OutputForm
from ringrun.spec import RunSpec, SpecError


def master(
    host: str,
    port: int,
    spec: RunSpec,
    slaves: tuple[tuple[str, int], ...] | None,
    journal: Path | None,
    *,
    output: OutputForm,
    debug: bool,
    interrupts: Interrupts,
) -> int:
    """Do the run and print its outcome; the exit code. SpecError if there are no slaves for it."""
    token = token_of_environment()
    for name, number in slaves or ():
        check_host(f"--slaves {name}:{number}", name, token)
    folder = None if slaves is not None else registry_folder()
    # A master dials; it holds its own address only so that two do not take themselves for one.
    with listening(host, port):
        found = _found(slaves, folder, interrupts)
        if interrupts.count:
            return _interrupted(spec.with_nodes(max(2, len(found))), output, journal)
        setting = HandSetting(
            spec=spec.with_nodes(len(found)),
            run=f"hand-{secrets.token_hex(4)}",
            token=token,
            folder=folder,
            journal=journal,
            form=output,
            debug=debug,
        )
        return asyncio.run(HandSupervisor(setting, found).run(interrupts))


def _interrupted(spec: RunSpec, output: OutputForm, journal: Path | None) -> int:
    """Before there was anybody to stop: a run that did not come to anything has its line too."""
    ending = HandEnding(
        document=None,
        record=Record(),
        orders=Orders(),
        reason=Reason(Why.INTERRUPTED),
        last_words="",
    )
    put_out(report_of(spec, ending), output, journal)
    return ExitCode.INTERRUPTED


def _found(
    slaves: tuple[tuple[str, int], ...] | None, folder: Path | None, interrupts: Interrupts
) -> list[Found]:
    if slaves is not None:
        place = "--slaves"
        found = [Found(host=resolved(place, host, port), port=port) for host, port in slaves]
    else:
        assert folder is not None
        place = "slaves that run here"
        found = find(folder, lambda: interrupts.count > 0)
    if len(found) < 2 and not interrupts.count:
        raise SpecError([f"{place}: must be at least 2, got {len(found)}; start one with: {START}"])
    return found
