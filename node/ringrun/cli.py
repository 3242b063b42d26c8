"""The command line: arguments in, one call, an exit code out.

Each command checks what it was given (a line for each fault, exit code 2, nothing started) and
calls one function of the module that does the work, which is imported only then: a slave must not
pay for a progress bar. A module called from here says that the user's input is wrong (a port in
use, a slave that cannot be reached) by a `SpecError`; all else that it raises is our own bug.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from ringrun.arguments import addresses, folder, integer, one_of, port
from ringrun.command.parser import COMMANDS, Takes, make_parser
from ringrun.exit_codes import ExitCode
from ringrun.guard import guarded
from ringrun.spec import Model, Override, RunSpec, SpecError, default_run, load_run
from ringrun.spec.faults import shown
from ringrun.usage import UsageError, check_command, joined, no_command, unknown_arguments

# Flags of `run` and `simulate` that win over the file: the field of the spec that each sets.
_FIELDS: Final = {
    "nodes": ("nodes",),
    "send": ("periods", "sendMilliseconds"),
    "grace": ("periods", "graceMilliseconds"),
    "seed": ("seed",),
    "model": ("model",),
    "masters": ("masters",),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code; raises nothing unless `--debug` is given."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return guarded(lambda: _dispatch(arguments), debug="--debug" in arguments)


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == ["_node"]:
        # How a supervisor starts its children: not for users, so not in the help.
        from ringrun.runtime.start.child import main as node_main

        return node_main(arguments[1:])
    if arguments[:1] == ["_pod"]:
        # How an operator's pods start.
        from ringrun.runtime.start.pod import main as pod_main

        return pod_main(arguments[1:])
    parser, commands = make_parser()
    if not arguments:
        raise UsageError(no_command({each.name: each.summary for each in COMMANDS}))
    check_command(arguments, commands)
    parsed, unknown = parser.parse_known_args(joined(arguments))
    if unknown:
        raise UsageError(unknown_arguments(unknown, commands.get(parsed.command, parser)))
    if parsed.command is None:
        raise UsageError(no_command({each.name: each.summary for each in COMMANDS}))
    return _CALLS[parsed.command](parsed)


def _run(parsed: argparse.Namespace) -> int:
    from ringrun.local import OutputForm, RunOptions, run

    faults: list[str] = []
    output = one_of("--output", parsed.output or OutputForm.TEXT, list(OutputForm), faults)
    journal = folder("--journal", parsed.journal, faults)
    run_dir = folder("--run-dir", parsed.run_dir, faults)
    spec = _spec(parsed, list(_FIELDS), faults)
    return run(
        spec,
        RunOptions(
            output=OutputForm(output),
            quiet=parsed.quiet,
            debug=parsed.debug,
            journal=journal,
            run_dir=run_dir,
        ),
    )


def _slave(parsed: argparse.Namespace) -> int:
    faults: list[str] = []
    listen_on = port("PORT", parsed.port, faults)
    journal = _journal(parsed, faults)
    _refuse(faults)

    from ringrun.local.hand.slave import run_slave

    return run_slave(parsed.host, listen_on, journal)


def _master(parsed: argparse.Namespace) -> int:
    from ringrun.report_text import OutputForm

    faults: list[str] = []
    listen_on = port("PORT", parsed.port, faults)
    slaves = addresses("--slaves", parsed.slaves, faults)
    output = one_of("--output", parsed.output or OutputForm.TEXT, list(OutputForm), faults)
    journal = _journal(parsed, faults)
    overrides = [
        Override(flag="SEED", path=_FIELDS["seed"], text=parsed.seed),
        # The one master by hand; how many slaves there are it finds out by itself.
        Override(flag="masters", path=_FIELDS["masters"], text="1"),
    ]
    for name in ("send", "grace"):
        flag, text = name.upper(), getattr(parsed, name)
        if re.fullmatch(r"-?[0-9]{1,15}", text):
            overrides.append(Override(flag=flag, path=_FIELDS[name], text=f"{text}us"))
        else:
            faults.append(f"{flag}: must be whole microseconds, got {shown(text)}")
    if parsed.model is not None:
        overrides.append(Override(flag="--model", path=_FIELDS["model"], text=parsed.model))
    spec = _with_faults(lambda: default_run(overrides, name="by-hand"), faults)

    from ringrun.local.hand import run_master

    return run_master(parsed.host, listen_on, spec, slaves, journal, output=OutputForm(output))


def _verify(parsed: argparse.Namespace) -> int:
    directory = Path(parsed.directory)
    # `os.path` takes a name that is too long for one that is not there; `Path` would raise.
    if not os.path.isdir(directory):
        there = os.path.exists(directory)
        what = "is a file, not a folder of journals" if there else "no such folder"
        raise SpecError([f"{directory}: {what}"])

    from ringrun.verify import main as verify

    return verify(directory)


def _simulate(parsed: argparse.Namespace) -> int:
    faults: list[str] = []
    runs = integer("--runs", parsed.runs or "1000", 1, faults)
    seed = integer("--seed", parsed.seed or "0", 0, faults)
    if parsed.file is None and parsed.nodes is None and parsed.model is None:
        _refuse(faults)
        spec = None
    else:
        spec = _spec(parsed, ["nodes", "model"], faults)

    from ringrun.simulation import main as simulate

    return simulate(
        spec,
        runs=runs,
        seed=seed,
        faults=parsed.faults or "all",
        without=tuple(parsed.without),
        trace=parsed.trace,
        digest=parsed.digest,
        file=parsed.file,
    )


def _help(parsed: argparse.Namespace) -> int:
    parser, commands = make_parser()
    topic = parsed.topic
    if topic is not None:
        check_command([topic], commands)
    (parser if topic is None else commands[topic]).print_help()
    return ExitCode.AS_WISHED


def _completion(parsed: argparse.Namespace) -> int:
    from ringrun.command.completion import SHELLS, completion
    from ringrun.core.rules import Rules
    from ringrun.simulation.case import Profile

    faults: list[str] = []
    shell = one_of("SHELL", parsed.shell, SHELLS, faults)
    _refuse(faults)
    words = {
        Takes.MODEL: list(Model),
        Takes.FORM: ("text", "json"),
        Takes.FAULTS: list(Profile),
        Takes.RULE: [each.name for each in fields(Rules)],
        Takes.COMMAND: [command.name for command in COMMANDS],
        Takes.SHELL: SHELLS,
    }
    print(completion(shell, words), end="")
    return ExitCode.AS_WISHED


def _man(_: argparse.Namespace) -> int:
    from ringrun.command.manual import manual

    print(manual(), end="")
    return ExitCode.AS_WISHED


_CALLS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "run": _run,
    "slave": _slave,
    "master": _master,
    "verify": _verify,
    "simulate": _simulate,
    "help": _help,
    "completion": _completion,
    "man": _man,
}


def _spec(parsed: argparse.Namespace, flags: Sequence[str], faults: list[str]) -> RunSpec:
    """The run of the file, or of none, under the flags given; SpecError with all faults."""
    overrides = [
        Override(flag=f"--{name}", path=_FIELDS[name], text=getattr(parsed, name))
        for name in flags
        if getattr(parsed, name) is not None
    ]
    if parsed.file is None:
        return _with_faults(lambda: default_run(overrides), faults)
    if not parsed.file:
        faults.append('FILE: must name a file, got ""')
        return _with_faults(lambda: default_run(overrides), faults)
    return _with_faults(lambda: load_run(Path(parsed.file), overrides), faults)


def _with_faults(read: Callable[[], RunSpec], faults: list[str]) -> RunSpec:
    """What `read` gives if there are no faults; SpecError with its faults and the given ones."""
    try:
        spec = read()
    except SpecError as error:
        raise SpecError([*error.faults, *faults]) from error
    _refuse(faults)
    return spec


def _refuse(faults: list[str]) -> None:
    if faults:
        raise SpecError(faults)


def _journal(parsed: argparse.Namespace, faults: list[str]) -> Path | None:
    """The folder of `--journal`, or of the environment, which is how pods are told."""
    if parsed.journal is not None:
        return folder("--journal", parsed.journal, faults)
    return folder("RINGRUN_JOURNAL", os.environ.get("RINGRUN_JOURNAL") or None, faults)
