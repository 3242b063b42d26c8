"""The manual page ringrun(1), made from the commands: `ringrun man`, and docs/ringrun.1."""

from ringrun import __version__
from ringrun.command.parser import COMMANDS, DESCRIPTION, Argument, Command
from ringrun.exit_codes import MEANINGS

_VERIFY = "ringrun verify"


def manual() -> str:
    """The page in the language of man(7), with its last newline."""
    lines = [
        f'.TH RINGRUN 1 "" "ringrun {_plain(__version__)}" "User Commands"',
        ".SH NAME",
        r"ringrun \- a ring of slaves that agrees on one stream of messages, and proves it",
        ".SH SYNOPSIS",
    ]
    for command in COMMANDS:
        lines += [rf".B ringrun {_plain(command.name)}", _synopsis(command), ".br"]
    lines += [".SH DESCRIPTION", _plain(DESCRIPTION), ".SH COMMANDS"]
    for command in COMMANDS:
        lines += _command(command)
    lines.append(".SH EXIT STATUS")
    for code, meaning in MEANINGS.items():
        lines += [".TP", rf".B {int(code)}", f"{_sentence(meaning)}"]
    lines += [
        ".SH SEE ALSO",
        r"The pages under docs/, of which docs/README.md is the map;",
        r".BR kubectl (1)",
    ]
    return "\n".join(lines) + "\n"


def _synopsis(command: Command) -> str:
    words = []
    for argument in command.arguments:
        metavar = argument.metavar or ""
        if not argument.is_flag:
            words.append(f"[{metavar}]" if argument.optional else metavar)
        else:
            words.append(f"[{argument.name}{' ' + metavar if metavar else ''}]")
    return _plain(" ".join(words)) or r"\&"


def _command(command: Command) -> list[str]:
    lines = [f".SS ringrun {_plain(command.name)}", _sentence(command.summary)]
    for argument in command.arguments:
        lines += [".TP", _heading(argument), _plain(f"{argument.text}.")]
    if command.examples:
        lines += [".PP", "Examples:", ".PP", ".nf", ".RS"]
        for example in command.examples:
            lines += [_plain(line) for line in example.split("\n")]
        lines += [".RE", ".fi"]
    return lines


def _heading(argument: Argument) -> str:
    metavar = argument.metavar or ""
    if not argument.is_flag:
        return rf".I {_plain(metavar)}"
    flag = _plain(argument.name)
    return rf'.BI {flag} " {_plain(metavar)}"' if metavar else rf".B {flag}"


def _sentence(text: str) -> str:
    text = f"{text[0].upper()}{text[1:]}"
    return _plain(text if text.endswith(".") else f"{text}.")


def _plain(text: str) -> str:
    """Text that means itself: dashes that can be copied, and no command at a line's begin."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga")
    return rf"\&{text}" if text[:1] in {".", "'"} else text
