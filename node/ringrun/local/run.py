"""`ringrun run` from the checked spec to the exit code: folders, supervisor, what is printed.

Called by `ringrun.local`. The verdict is the leader's, in its report; only where no master was
left to write one is it made here, from what the slaves left on disk.
"""

import asyncio
import contextlib
import json
import shlex
import sys

from ringrun.core.record import Record
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.exit_codes import ExitCode
from ringrun.local.display.choice import display_for
from ringrun.local.ending import Ending
from ringrun.local.folders import Folders, make_folders
from ringrun.local.interrupts import Interrupts
from ringrun.local.journals import MANIFEST, room_warning, write_manifest
from ringrun.local.options import OutputForm, RunOptions
from ringrun.local.processes.child import Start, raise_descriptor_limit
from ringrun.local.processes.forking import fork_node, preload
from ringrun.local.said import exit_code, keep_report, say_report
from ringrun.local.supervisor import Supervisor
from ringrun.report import Report
from ringrun.report_text import ending_lines, table
from ringrun.spec import RunSpec
from ringrun.streams import ReaderGoneError, screen_of
from ringrun.wording import folded, size_text, system_words


def run_here(
    spec: RunSpec,
    options: RunOptions,
    interrupts: Interrupts | None = None,
    start: Start = fork_node,
) -> int:
    """The exit code of a whole run on this machine; SpecError if a folder cannot be used."""
    folders = make_folders(spec.name, options)
    if folders.journal is not None and (warning := room_warning(folders.journal, spec.send)):
        print(warning, file=sys.stderr)
    code = ExitCode.NOT_AS_WISHED
    try:
        with contextlib.ExitStack() as ending_:
            signals = interrupts or ending_.enter_context(Interrupts())
            raise_descriptor_limit()
            preload()
            ending = asyncio.run(_supervise(spec, options, folders, start, signals))
            report = _report(spec, folders, ending)
            journals = _keep(report, folders)
            code = exit_code(report, interrupted=ending.interrupted, unread=ending.unread)
            _print(report, options, journals)
    finally:
        if folders.temporary:
            if code is ExitCode.NOT_AS_WISHED:
                screen = screen_of(sys.stderr)
                kept = folders.kept
                print(folded(kept, screen.width) if screen.terminal else kept, file=sys.stderr)
            else:
                folders.remove()
    return code


async def _supervise(
    spec: RunSpec, options: RunOptions, folders: Folders, start: Start, interrupts: Interrupts
) -> Ending:
    silent = options.quiet or options.output is OutputForm.JSON
    display = display_for(spec, sys.stdout, silent=silent)
    try:
        supervisor = Supervisor(spec, folders, display, debug=options.debug, start=start)
        return await supervisor.run(interrupts)
    finally:
        display.close()


def _report(spec: RunSpec, folders: Folders, ending: Ending) -> Report:
    document = ending.document
    if document is None:
        assert ending.reason is not None
        document = orphaned_report(
            spec,
            ending.record or Record(),
            ending.orders,
            ending.draft,
            folders.results(),
            ending.reason,
            ending.sent_for,
        )
    return Report.from_document(document)


def _keep(report: Report, folders: Folders) -> int:
    """Keep the report, and note what journals there are; how many bytes those have."""
    text = json.dumps(report.as_document(), indent=2) + "\n"
    keep_report(folders.run_dir, text)
    if folders.journal is None or not keep_report(folders.journal, text):
        return 0
    try:
        return write_manifest(folders.journal, text.encode())
    except OSError as error:
        words = system_words(error)
        print(f"ringrun: cannot write {folders.journal / MANIFEST}: {words}", file=sys.stderr)
        return 0


def _print(report: Report, options: RunOptions, journals: int) -> None:
    if options.output is OutputForm.JSON:
        say_report(report)
        return
    screen = screen_of(sys.stdout)
    lines = []
    if not options.quiet:
        lines += [f"STOP   {len(report.slaves)} of {report.spec['nodes']} results", ""]
        if report.slaves:
            lines += [table(report.slaves, screen.width, screen.dots), ""]
    lines.append(ending_lines(report, screen.width if screen.terminal else None))
    if options.journal is not None and not options.quiet:
        shown = shlex.quote(f"{options.journal}".rstrip("/") + "/")
        size = size_text(journals)
        lines.append(f"Journals in {shown} ({size}). Check them: ringrun verify {shown}")
    # The run is over: whether anybody reads this has no say in its exit code.
    with contextlib.suppress(ReaderGoneError):
        print(*lines, sep="\n", flush=True)
