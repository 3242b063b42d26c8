"""argparse in this program's manner: one line for each fault, no dump of the usage, no guessing.

Used by `cli` alone. Which commands and flags there are is said there.
"""

import argparse
import re
from collections.abc import Collection, Mapping
from typing import NoReturn

from ringrun.spec.faults import near, printable, shown


class UsageError(Exception):
    """The arguments do not fit together; the message has a line for each fault."""


class Parser(argparse.ArgumentParser):
    """argparse without its dump of the usage, and without guessing at shortened flags."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message} ({self.prog} --help)")


def check_command(arguments: list[str], commands: Collection[str]) -> None:
    """UsageError unless the first argument is a flag or one of these commands."""
    first = arguments[0] if arguments else "-"
    if not first.startswith("-") and first not in commands:
        names, hint = ", ".join(commands), near(first, commands)
        raise UsageError(f"ringrun: command must be one of {names}, got {shown(first)}{hint}")


def no_command(summaries: Mapping[str, str]) -> str:
    """What is said of a command line without a command: the commands there are, one a line."""
    lines = [f"  {name:<11} {summary}" for name, summary in summaries.items()]
    return "\n".join(["ringrun: a command is missing; one of", *lines, "Try: ringrun help run"])


def joined(arguments: list[str]) -> list[str]:
    """`--send -2s` as `--send=-2s`, so that a negative value meets its rule and not argparse's."""
    found: list[str] = []
    for argument in arguments:
        before = found[-1] if found else ""
        if re.match(r"-\.?[0-9]", argument) and re.fullmatch(r"--[a-z-]+", before):
            found[-1] = f"{before}={argument}"
        else:
            found.append(argument)
    return found


def unknown_arguments(unknown: list[str], parser: argparse.ArgumentParser) -> str:
    """A line for each argument that the command does not take."""
    faults = []
    flags = [flag for action in parser._actions for flag in action.option_strings]
    for argument in unknown:
        flag = argument.split("=")[0]
        if argument.startswith("-"):
            faults.append(f"{parser.prog}: {printable(flag)} is unknown{near(flag, flags)}")
        else:
            faults.append(f"{parser.prog}: {shown(argument)} is one argument too many")
    return "\n".join(faults)
