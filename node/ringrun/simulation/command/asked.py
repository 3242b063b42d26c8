"""What `ringrun simulate` is asked by names, profiles of faults and rules; and the lists of them.

Used by `main` alone. The sentences are those of the code that they are about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import Final

from ringrun.core.rules import ALL_RULES, WITHOUT, Rules
from ringrun.simulation.case import Profile
from ringrun.simulation.faults.plan import FAULTS_OF
from ringrun.spec import SpecError
from ringrun.spec.faults import near, shown

_LIST: Final = frozenset({"help", "list"})
_WIDTH: Final = 80

_RULES_HEAD: Final = """\
The rules of the protocol, and what happens without each. A, B, C and D are
slaves, C2 is the next incarnation of C, L and M are masters.
"""
_RULES_FOOT: Final = """
See one missed: ringrun simulate --runs 300 --without k_from_log
Some are missed in rare runs only; each has a scenario in tests/simulation.
"""
_FAULTS_HEAD: Final = """\
The profiles of faults. All stop at a time; after that the run must get on.
"""


def listing(faults: str, without: Sequence[str]) -> str:
    """The lists that are asked for by `help` instead of a name; empty if none is. No last newline.

    Lines are at most 80 columns wide.
    """
    lists = []
    if faults in _LIST:
        lists.append(
            "\n".join([_FAULTS_HEAD, *_rows({str(name): text for name, text in FAULTS_OF.items()})])
        )
    if _LIST.intersection(without):
        lists.append("\n".join([_RULES_HEAD, *_rows(WITHOUT), *_RULES_FOOT.splitlines()]))
    return "\n\n".join(lists)


def _rows(sentences: Mapping[str, str]) -> Iterator[str]:
    """Names, and beside them their sentences, folded."""
    width = 2 + max(len(name) for name in sentences)
    for name, sentence in sentences.items():
        lines = wrap(sentence, _WIDTH - width, break_on_hyphens=False)
        for first, line in zip([name, *[""] * len(lines)], lines, strict=False):
            yield f"{first:{width}}{line}"


def profile_of(name: str) -> Profile:
    """The profile that is called so; SpecError if there is none."""
    try:
        return Profile(name)
    except ValueError:
        allowed = ", ".join(Profile)
        fault = f"--faults: must be one of {allowed}, got {shown(name)}{near(name, Profile)}"
        raise SpecError([f"{fault} (--faults help says what each is)"]) from None


def rules_of(without: Sequence[str]) -> Rules:
    """All rules but these; SpecError with a line for each that there is not, and then all of them.

    `kick-once` is the same as `kick_once`.
    """
    names = {name: name.replace("-", "_") for name in without}
    faults = [
        f"--without: {shown(name)} is no rule{near(rule, WITHOUT)}"
        for name, rule in names.items()
        if rule not in WITHOUT
    ]
    if faults:
        raise SpecError([*faults, "", *listing("", ["help"]).splitlines()])
    return replace(ALL_RULES, **dict.fromkeys(names.values(), False))
