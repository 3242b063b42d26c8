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
from pathlib import Path
from typing import Final

from ringrun import __version__
from ringrun.arguments import addresses, folder, integer, one_of, port
from ringrun.exit_codes import ExitCode
from ringrun.spec import Override, RunSpec, SpecError, default_run, load_run
from ringrun.spec.checking import shown
from ringrun.usage import Parser, UsageError, check_command, joined, unknown_arguments

_EXIT_CODES: Final = """\
exit codes:
  0    agreed, and as expected; clean
  1    Partial, Diverged or Failed, or an expectation was not met; a broken promise
  2    the input is wrong: one line for each fault
  70   an internal error of ringrun (--debug shows where)
  130  interrupted
"""

# Flags of `run` and `simulate` that win over the file: the field of the spec that each sets.
_FIELDS: Final = {
    "nodes": ("nodes",),
    "send": ("periods", "sendMilliseconds"),
    "grace": ("periods", "graceMilliseconds"),
    "seed": ("seed",),
    "model": ("model",),
    "masters": ("masters",),
}


_NO_COMMAND: Final = "ringrun: a command is missing (ringrun --help lists them)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code; raises nothing unless `--debug` is given."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return guarded(lambda: _dispatch(arguments), debug="--debug" in arguments)


def guarded(call: Callable[[], int], *, debug: bool) -> int:
    """What `call` gives, or the exit code of what it raised, said in one line a fault."""
    try:
        code = call()
        sys.stdout.flush()
    except SystemExit as exit_:  # argparse after --help and --version
        return int(exit_.code or 0)
    except SpecError as error:
        print(*error.faults, sep="\n", file=sys.stderr)
        return ExitCode.WRONG_INPUT
    except UsageError as error:
        print(error, file=sys.stderr)
        return ExitCode.WRONG_INPUT
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our lines has gone. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
    except Exception as error:
        if debug:
            raise
        text = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"ringrun: internal error: {text} (--debug shows where)", file=sys.stderr)
        return ExitCode.INTERNAL_ERROR
    return code


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == ["_node"]:
        # How a supervisor starts its children: not for users, so not in the help.
        from ringrun.runtime.start.child import main as node_main

        return node_main(arguments[1:])
    if arguments[:1] == ["_pod"]:
        # How an operator's pods start.
        from ringrun.runtime.start.pod import main as pod_main

        return pod_main(arguments[1:])
    parser, commands = _parser()
    check_command(arguments, commands)
    parsed, unknown = parser.parse_known_args(joined(arguments))
    if unknown:
        raise UsageError(unknown_arguments(unknown, commands.get(parsed.command, parser)))
    if parsed.command is None:
        raise UsageError(_NO_COMMAND)
    call: Callable[[argparse.Namespace], int] = parsed.call
    return call(parsed)


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = Parser(
        prog="ringrun",
        description="A ring of slaves that agrees on one stream of messages, and proves it.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"ringrun {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    def command(
        name: str, call: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=_EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        added.set_defaults(call=call)
        added.add_argument("--debug", action="store_true", help="log more; show tracebacks")
        return added

    run = command("run", _run, "a whole run on this machine, every node a process of its own")
    run.add_argument("file", metavar="FILE", nargs="?", help="a RingRun, as kubectl takes it")
    run.add_argument("--nodes", metavar="N", help="slaves, 2 to 512")
    run.add_argument("--send", metavar="TIME", help="the SEND period: 2s, 500ms, 1.5m")
    run.add_argument("--grace", metavar="TIME", help="the GRACE period")
    run.add_argument("--seed", metavar="S", help="of the slaves' random numbers")
    run.add_argument("--model", metavar="M", help="lockstep, window or train")
    run.add_argument("--masters", metavar="N", help="master candidates, 1 to 5")
    _add_output(run)
    run.add_argument("--quiet", action="store_true", help="print the last line alone")
    _add_journal(run)
    run.add_argument("--run-dir", metavar="DIR", help="keep the run's own files here")

    slave = command("slave", _slave, "one slave, by hand")
    slave.add_argument("host", metavar="HOST", help="the address to listen on")
    slave.add_argument("port", metavar="PORT")
    _add_journal(slave)

    master = command("master", _master, "the master of slaves that were started by hand")
    master.add_argument("host", metavar="HOST", help="the master's own address")
    master.add_argument("port", metavar="PORT")
    master.add_argument("send", metavar="SEND", help="the SEND period, in microseconds")
    master.add_argument("grace", metavar="GRACE", help="the GRACE period, in microseconds")
    master.add_argument("seed", metavar="SEED", help="of the slaves' random numbers")
    master.add_argument("--model", metavar="M", help="lockstep, window or train")
    master.add_argument(
        "--slaves",
        metavar="HOST:PORT,...",
        help="where the slaves listen; without it, those that run on this machine",
    )
    _add_output(master)
    _add_journal(master)

    verify = command("verify", _verify, "check journals and reports against the promises")
    verify.add_argument("directory", metavar="DIR", help="where --journal wrote them")

    simulate = command(
        "simulate", _simulate, "the same core under a virtual clock, with seeded faults"
    )
    simulate.add_argument("file", metavar="FILE", nargs="?", help="a RingRun; else many kinds")
    simulate.add_argument("--runs", metavar="R", default="1000", help="how many (1000)")
    simulate.add_argument("--seed", metavar="S", default="0", help="of the first run (0)")
    simulate.add_argument(
        "--faults", metavar="PROFILE", default="all", help="which (all); help: a list"
    )
    simulate.add_argument("--nodes", metavar="N", help="slaves of every run")
    simulate.add_argument("--model", metavar="M", help="lockstep, window or train")
    simulate.add_argument(
        "--without",
        metavar="RULE",
        action="append",
        default=[],
        help="switch a rule of the protocol off, to see it missed; may be repeated; help: a list",
    )
    simulate.add_argument("--trace", action="store_true", help="tell what happens, in words")
    simulate.add_argument(
        "--digest",
        metavar="OUT",
        help="write each run's seed and the digest of its transcript, to compare two versions",
    )
    return parser, dict(commands.choices)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", metavar="FORM", default="text", help="text, or json: the report in one line"
    )


def _add_journal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--journal", metavar="DIR", help="write journals for `ringrun verify`")


def _run(parsed: argparse.Namespace) -> int:
    from ringrun.local import OutputForm, RunOptions, run

    faults: list[str] = []
    output = one_of("--output", parsed.output, list(OutputForm), faults)
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
    output = one_of("--output", parsed.output, list(OutputForm), faults)
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

    from ringrun.local.hand.master import run_master

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
    runs = integer("--runs", parsed.runs, 1, faults)
    seed = integer("--seed", parsed.seed, 0, faults)
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
        faults=parsed.faults,
        without=tuple(parsed.without),
        trace=parsed.trace,
        digest=parsed.digest,
        file=parsed.file,
    )


def _spec(parsed: argparse.Namespace, flags: Sequence[str], faults: list[str]) -> RunSpec:
    """The run of the file, or of none, under the flags given; SpecError with all faults."""
    overrides = [
        Override(flag=f"--{name}", path=_FIELDS[name], text=getattr(parsed, name))
        for name in flags
        if getattr(parsed, name) is not None
    ]
    if parsed.file is None:
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
