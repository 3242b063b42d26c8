"""The commands and flags of `ringrun`, with their defaults and examples: one table for all texts.

`cli` parses with it; `manual` and `completion` are made from it. What a flag's text must be is
checked by `cli` and by the spec, never here.
"""

import argparse
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ringrun import __version__
from ringrun.exit_codes import MEANINGS
from ringrun.usage import Parser

WIDTH: Final = 80
"""Columns that every help text keeps to."""


class Takes(StrEnum):
    """What an argument names, for those who complete it."""

    TEXT = "text"
    FILE = "file"
    FOLDER = "folder"
    MODEL = "model"
    FORM = "form"
    FAULTS = "faults"
    RULE = "rule"
    COMMAND = "command"
    SHELL = "shell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument: `--flag VALUE`, a `--switch` (no `metavar`), or a positional (no dashes)."""

    name: str
    help: str
    metavar: str | None = None
    default: str | None = None
    optional: bool = False
    """Of a positional: it may be left out."""
    repeated: bool = False
    takes: Takes = Takes.TEXT

    @property
    def is_flag(self) -> bool:
        return self.name.startswith("-")

    @property
    def text(self) -> str:
        """The help with the default behind it."""
        return self.help if self.default is None else f"{self.help} (default: {self.default})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: what it does in a line, its arguments, and what somebody would type."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    examples: tuple[str, ...] = field(default=())


_DEBUG: Final = Argument(name="--debug", help="log more; show tracebacks")
_MODEL: Final = Argument(
    name="--model",
    metavar="M",
    help="lockstep, window or train",
    default="lockstep",
    takes=Takes.MODEL,
)
_OUTPUT: Final = Argument(
    name="--output",
    metavar="FORM",
    help="text, or json: the report in one line",
    default="text",
    takes=Takes.FORM,
)
_JOURNAL: Final = Argument(
    name="--journal",
    metavar="DIR",
    help="write journals for `ringrun verify`, at most some 3 MB a second for each core",
    default="none",
    takes=Takes.FOLDER,
)
_FILE: Final = Argument(
    name="file",
    metavar="FILE",
    help="a RingRun, alone or among other objects; - is stdin; without it, all defaults",
    optional=True,
    takes=Takes.FILE,
)

COMMANDS: Final = (
    Command(
        name="run",
        summary="a whole run on this machine, every node a process of its own",
        arguments=(
            _FILE,
            Argument(name="--nodes", metavar="N", help="slaves, 2 to 512", default="4"),
            Argument(
                name="--send",
                metavar="TIME",
                help="the SEND period: 2s, 500ms, 1.5m",
                default="2s",
            ),
            Argument(name="--grace", metavar="TIME", help="the GRACE period", default="1s"),
            Argument(name="--seed", metavar="S", help="of the slaves' random numbers", default="0"),
            _MODEL,
            Argument(name="--masters", metavar="N", help="master candidates, 1 to 5", default="2"),
            _OUTPUT,
            Argument(
                name="--quiet",
                help="print the last line alone; --output json prints the report alone anyhow",
            ),
            _JOURNAL,
            Argument(
                name="--run-dir",
                metavar="DIR",
                help="keep the run's own files here",
                default="a temporary folder",
                takes=Takes.FOLDER,
            ),
        ),
        examples=(
            "ringrun run",
            "ringrun run --model train --send 10s --journal out",
            "ringrun run soak.yaml --output json > report.json",
        ),
    ),
    Command(
        name="slave",
        summary="one slave, by hand",
        arguments=(
            Argument(name="host", metavar="HOST", help="the address to listen on"),
            Argument(name="port", metavar="PORT", help="the port, 1 to 65535"),
            _JOURNAL,
        ),
        examples=("ringrun slave 127.0.0.1 10502 &",),
    ),
    Command(
        name="master",
        summary="the master of slaves that were started by hand",
        arguments=(
            Argument(name="host", metavar="HOST", help="the master's own address"),
            Argument(name="port", metavar="PORT", help="the port, 1 to 65535"),
            Argument(name="send", metavar="SEND", help="the SEND period, in microseconds"),
            Argument(name="grace", metavar="GRACE", help="the GRACE period, in microseconds"),
            Argument(name="seed", metavar="SEED", help="of the slaves' random numbers"),
            _MODEL,
            Argument(
                name="--slaves",
                metavar="HOST:PORT,...",
                help="where the slaves listen",
                default="those that run on this machine",
            ),
            _OUTPUT,
            _JOURNAL,
        ),
        examples=(
            "ringrun master 127.0.0.1 10501 2000000 1000000 0",
            "ringrun master 10.0.0.1 10501 2000000 1000000 0 \\\n"
            "    --slaves 10.0.0.2:10502,10.0.0.3:10502",
        ),
    ),
    Command(
        name="verify",
        summary="check journals and reports against the promises",
        arguments=(
            Argument(
                name="directory",
                metavar="DIR",
                help="where --journal wrote them",
                takes=Takes.FOLDER,
            ),
        ),
        examples=("ringrun run --journal out && ringrun verify out",),
    ),
    Command(
        name="simulate",
        summary="the same core under a virtual clock, with seeded faults",
        arguments=(
            Argument(
                name="file",
                metavar="FILE",
                help="a RingRun, alone or among other objects; - is stdin; without it, many kinds",
                optional=True,
                takes=Takes.FILE,
            ),
            Argument(name="--runs", metavar="R", help="how many", default="1000"),
            Argument(name="--seed", metavar="S", help="of the first run", default="0"),
            Argument(
                name="--faults",
                metavar="PROFILE",
                help="which; `help` lists them",
                default="all",
                takes=Takes.FAULTS,
            ),
            Argument(
                name="--nodes", metavar="N", help="slaves of every run", default="of many kinds"
            ),
            Argument(
                name="--model",
                metavar="M",
                help="lockstep, window or train",
                default="of many kinds",
                takes=Takes.MODEL,
            ),
            Argument(
                name="--without",
                metavar="RULE",
                help="switch a rule of the protocol off, to see it missed; `help` lists them; "
                "may be repeated",
                default="none",
                repeated=True,
                takes=Takes.RULE,
            ),
            Argument(name="--trace", help="tell what happens, in words"),
            Argument(
                name="--digest",
                metavar="OUT",
                help="write each run's seed and the digest of its transcript, to compare two "
                "versions",
                default="none",
                takes=Takes.FILE,
            ),
        ),
        examples=(
            "ringrun simulate --runs 2000 --faults all",
            "ringrun simulate --seed 7 --runs 1 --trace",
            "ringrun simulate --without sync_before_record",
        ),
    ),
    Command(
        name="help",
        summary="what a command does, and what it takes",
        arguments=(
            Argument(
                name="topic",
                metavar="COMMAND",
                help="of which",
                default="of all",
                optional=True,
                takes=Takes.COMMAND,
            ),
        ),
        examples=("ringrun help run",),
    ),
    Command(
        name="completion",
        summary="a script that lets a shell complete `ringrun`",
        arguments=(
            Argument(name="shell", metavar="SHELL", help="bash, zsh or fish", takes=Takes.SHELL),
        ),
        examples=(
            "source <(ringrun completion bash)",
            "ringrun completion fish > ~/.config/fish/completions/ringrun.fish",
        ),
    ),
    Command(
        name="man",
        summary="the manual page, as man reads it",
        arguments=(),
        examples=("ringrun man | man -l -",),
    ),
)

DESCRIPTION: Final = "A ring of slaves that agrees on one stream of messages, and proves it."
SEE_EXIT_CODES: Final = "What the exit codes mean: ringrun --help."


def exit_codes_text() -> str:
    """The exit codes, one line each."""
    lines = [f"  {int(code):<4} {meaning}" for code, meaning in MEANINGS.items()]
    return "\n".join(["exit codes:", *lines])


def make_parser() -> tuple[Parser, dict[str, Parser]]:
    """The parser of all, and those of the commands by name."""
    parser = Parser(
        prog="ringrun",
        description=DESCRIPTION,
        epilog=f"ringrun help COMMAND has the flags of one.\n\n{exit_codes_text()}",
        formatter_class=_Layout,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"ringrun {__version__}", help="say it and end"
    )
    group = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    parsers: dict[str, Parser] = {}
    for command in COMMANDS:
        examples = "\n".join(f"  {example}" for example in command.examples)
        added = group.add_parser(
            command.name,
            help=command.summary,
            description=f"{command.summary[0].upper()}{command.summary[1:]}.",
            epilog=f"examples:\n{examples}\n\n{SEE_EXIT_CODES}",
            formatter_class=_Layout,
            allow_abbrev=False,
        )
        for argument in (*command.arguments, _DEBUG):
            _add(added, argument)
        parsers[command.name] = added
    return parser, parsers


def _add(parser: Parser, argument: Argument) -> None:
    text = argument.text.replace("%", "%%")
    if not argument.is_flag:
        nargs = "?" if argument.optional else None
        parser.add_argument(argument.name, metavar=argument.metavar, nargs=nargs, help=text)
    elif argument.metavar is None:
        parser.add_argument(argument.name, action="store_true", help=text)
    elif argument.repeated:
        parser.add_argument(
            argument.name, metavar=argument.metavar, action="append", default=[], help=text
        )
    else:
        parser.add_argument(argument.name, metavar=argument.metavar, help=text)


class _Layout(argparse.RawDescriptionHelpFormatter):
    """Never wider than WIDTH, whatever the window."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=WIDTH)
