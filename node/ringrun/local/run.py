"""`ringrun run` from the checked spec to the exit code: folders, supervisor, what is printed.

Called by `ringrun.local`. The verdict is the leader's, in its report; only where no master was
left to write one is it made here, from what the slaves left on disk.
"""

import asyncio
import json
import sys

from ringrun.core.record import Record
from ringrun.core.supervisor.orphaned import orphaned_report
from ringrun.exit_codes import ExitCode
from ringrun.local.display.choice import display_for
from ringrun.local.folders import Folders, make_folders
from ringrun.local.options import OutputForm, RunOptions
from ringrun.local.processes.child import Start, raise_descriptor_limit
from ringrun.local.processes.forking import fork_node, preload
from ringrun.local.supervisor import Ending, Supervisor
from ringrun.report import Report
from ringrun.report_text import last_line, table
from ringrun.spec import RunSpec


def run_here(spec: RunSpec, options: RunOptions, start: Start = fork_node) -> int:
    """The exit code of a whole run on this machine; SpecError if a folder cannot be used."""
    folders = make_folders(spec.name, options)
    code = ExitCode.NOT_AS_WISHED
    try:
        raise_descriptor_limit()
        preload()
        ending = asyncio.run(_supervise(spec, options, folders, start))
        report = _report(spec, folders, ending)
        _keep(report, folders)
        _print(report, options)
        code = ExitCode.AS_WISHED if report.as_wished else ExitCode.NOT_AS_WISHED
        if ending.interrupted:
            code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our lines has gone, and will not look for files either.
        code = ExitCode.INTERRUPTED
        raise
    finally:
        if folders.temporary:
            if code is ExitCode.NOT_AS_WISHED:
                print(f"The run's own files are kept in {folders.run_dir}.", file=sys.stderr)
            else:
                folders.remove()
    return code


async def _supervise(spec: RunSpec, options: RunOptions, folders: Folders, start: Start) -> Ending:
    silent = options.quiet or options.output is OutputForm.JSON
    display = display_for(spec, sys.stdout, silent=silent)
    try:
        supervisor = Supervisor(spec, folders, display, debug=options.debug, start=start)
        return await supervisor.run()
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
        )
    return Report.from_document(document)


def _keep(report: Report, folders: Folders) -> None:
    text = json.dumps(report.as_document(), indent=2) + "\n"
    for folder in (folders.run_dir, folders.journal):
        if folder is not None:
            temporary = folder / "report.json.new"
            temporary.write_text(text)
            temporary.replace(folder / "report.json")


def _print(report: Report, options: RunOptions) -> None:
    if options.output is OutputForm.JSON:
        print(json.dumps(report.as_document(), separators=(",", ":")), flush=True)
        return
    if not options.quiet:
        print(f"STOP   {len(report.slaves)} of {report.spec['nodes']} results\n")
        if report.slaves:
            print(table(report.slaves), end="\n\n")
    print(last_line(report))
    if options.journal is not None and not options.quiet:
        shown = f"{options.journal}".rstrip("/") + "/"
        print(f"Journals in {shown}. Check them: ringrun verify {shown}")
    sys.stdout.flush()
