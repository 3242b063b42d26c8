"""Scripts by which shells complete `ringrun`, made from the commands: `ringrun completion SHELL`.

bash has a function of its own, zsh runs the same through its bashcompinit, fish has its rules. The
words are in the script: completing starts no process.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ringrun.command.parser import COMMANDS, Argument, Takes

SHELLS: Final = ("bash", "zsh", "fish")

Words = Mapping[Takes, Sequence[str]]
"""What there is to choose from, of what has a choice."""

_ALWAYS: Final = ("--help", "--debug")


def completion(shell: str, words: Words) -> str:
    """The script for one of SHELLS."""
    scripts: dict[str, Callable[[Words], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    return scripts[shell](words)


def _bash(words: Words) -> str:
    names = " ".join(command.name for command in COMMANDS)
    lines = [
        "# bash completion for ringrun: source <(ringrun completion bash)",
        "_ringrun() {",
        '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
        '    local command="${COMP_WORDS[1]}" words="" files="" at place=0',
        "    COMPREPLY=()",
        '    if [ "$COMP_CWORD" -eq 1 ]; then',
        f'        COMPREPLY=($(compgen -W "{names} --help --version" -- "$word"))',
        "        return",
        "    fi",
        '    case "$command:$before" in',
    ]
    for command in COMMANDS:
        lines += [
            f"        {command.name}:{argument.name}) {_bash_of(argument, words)} ;;"
            for argument in command.arguments
            if argument.is_flag and argument.metavar is not None
        ]
    lines += ["        *)", '            case "$command" in']
    for command in COMMANDS:
        flags = [argument.name for argument in command.arguments if argument.is_flag]
        given = [argument for argument in command.arguments if not argument.is_flag]
        after = "; ".join(
            f'[ "$place" -eq {place} ] && {{ {_bash_of(argument, words)}; }}'
            for place, argument in enumerate(given)
        )
        lines.append(f'                {command.name}) words="{" ".join([*flags, *_ALWAYS])}"')
        if given:
            valued = "|".join(
                argument.name
                for argument in command.arguments
                if argument.is_flag and argument.metavar is not None
            )
            skipped = f"{valued}) at=$((at + 1)) ;; " if valued else ""
            lines += [
                "                    at=2",
                '                    while [ "$at" -lt "$COMP_CWORD" ]; do',
                f'                        case "${{COMP_WORDS[at]}}" in {skipped}'
                "-?*) ;; *) place=$((place + 1)) ;; esac",
                "                        at=$((at + 1))",
                "                    done",
                f'                    case "$word" in -*) ;; *) {after} ;; esac',
            ]
        lines.append("                    ;;")
    lines += [
        "            esac",
        "            ;;",
        "    esac",
        '    COMPREPLY=($(compgen -W "$words" -- "$word"))',
        '    if [ -n "$files" ]; then',
        "        compopt -o filenames 2>/dev/null",
        '        while IFS= read -r at; do COMPREPLY+=("$at"); done '
        '< <(compgen "$files" -- "$word")',
        "    fi",
        "}",
        "complete -F _ringrun ringrun",
    ]
    return "\n".join(lines) + "\n"


def _bash_of(argument: Argument, words: Words) -> str:
    if argument.takes is Takes.FILE:
        return "files=-f"
    if argument.takes is Takes.FOLDER:
        return "files=-d"
    if argument.takes in words:
        more = "" if argument.is_flag else "$words "
        return f'words="{more}{" ".join(words[argument.takes])}"'
    return 'words=""' if argument.is_flag else ":"


def _zsh(words: Words) -> str:
    lines = _bash(words).split("\n", 1)[1]
    return (
        "# zsh completion for ringrun: source <(ringrun completion zsh)\n"
        "autoload -U +X compinit bashcompinit\n"
        "(( $+functions[compdef] )) || compinit\n"
        "bashcompinit\n" + lines
    )


def _fish(words: Words) -> str:
    lines = [
        "# fish completion for ringrun",
        "complete -c ringrun -f",
        "complete -c ringrun -n __fish_use_subcommand -l help -d 'show the commands'",
        "complete -c ringrun -n __fish_use_subcommand -l version -d 'say the version'",
    ]
    for command in COMMANDS:
        summary = _quoted(command.summary)
        lines.append(f"complete -c ringrun -n __fish_use_subcommand -a {command.name} -d {summary}")
        where = f"-n '__fish_seen_subcommand_from {command.name}'"
        for argument in command.arguments:
            name = f"-l {argument.name[2:]}" if argument.is_flag else ""
            needs = "-r" if argument.is_flag and argument.metavar is not None else ""
            takes = ""
            if argument.takes in {Takes.FILE, Takes.FOLDER}:
                takes = (
                    "-F" if argument.takes is Takes.FILE else "-a '(__fish_complete_directories)'"
                )
            elif argument.takes in words:
                takes = f"-a {_quoted(' '.join(words[argument.takes]))}"
            if name or takes:
                parts = ["complete -c ringrun", where, name, needs, takes]
                text = f"-d {_quoted(argument.help)}"
                lines.append(" ".join(part for part in (*parts, text) if part))
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
