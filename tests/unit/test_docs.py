"""The pages for people are held to the code: tables, names, numbers, commands and links."""

import argparse
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import pytest

from ringrun.command.parser import make_parser
from ringrun.core.master.stages import AFTER, changing, closing, installing, preparing, steady
from ringrun.core.master.stages.interface import Stage
from ringrun.core.outputs import EventKind
from ringrun.core.phase import NEXT, Phase
from ringrun.core.reason import Why
from ringrun.core.ring.models import MODELS
from ringrun.core.rules import WITHOUT, Rules
from ringrun.core.slave.ending import Answer
from ringrun.core.slave.standing import COMMANDS, TABLE, Does, Standing
from ringrun.core.supervisor.masters import PODS, PROCESSES, SHORT_LIFE, STILLBORN_LIMIT
from ringrun.exit_codes import ExitCode
from ringrun.report import Verdict
from ringrun.spec.fields import FIELDS
from ringrun.verify.promise import TITLES
from ringrun_operator.__main__ import _parser as operator_parser

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
READMES = [ROOT / each / "README.md" for each in ("bench", "charts/ringrun", "tests/cluster")]
WALKTHROUGH = ROOT / "docs" / "walkthrough.md"
PACKAGES = ("ringrun", "ringrun_operator")
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
README = (ROOT / "README.md").read_text()
SCENARIOS = ROOT / "tests" / "simulation" / "scenarios"


def table_after(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table at or after this text, without its head."""
    _, found, rest = page.partition(heading)
    assert found, f"{heading!r} is not on the page"
    lines = iter((found + rest).splitlines())
    for line in lines:
        if line.startswith("|"):
            break
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def first_column(page: str, heading: str) -> list[str]:
    return [row[0] for row in table_after(page, heading)]


def links(page: Path) -> list[str]:
    """What a page links to within the repository, anchors included."""
    # What stands as code is shown, not linked.
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text())
    found: list[str] = re.findall(r"\]\(([^)]+)\)", text)
    return [target for target in found if "://" not in target]


def anchors(page: str) -> set[str]:
    """What a link within a page may lead to."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_promise_is_there_once_and_in_order() -> None:
    """G1 to G12, numbered as everything else cites them."""
    assert first_column(PROTOCOL, "## Promises") == [f"G{number}" for number in range(1, 13)]


def test_what_verify_prints_is_what_the_page_promises() -> None:
    """The checker's short titles are those of the table."""
    titles = {row[0]: row[1].lower() for row in table_after(PROTOCOL, "## Promises")}
    assert {promise.value: titles[promise.value] for promise in TITLES} == {
        promise.value: title.replace(", ", " and ") for promise, title in TITLES.items()
    }


def test_the_table_of_phases_is_the_code_s() -> None:
    """Every phase, and from each exactly the phases that may follow."""
    rows = table_after(PROTOCOL, "## Phases")
    shown = {row[0]: {name.strip() for name in row[1].split(",") if name.strip()} for row in rows}
    assert list(shown) == [phase.value for phase in Phase]
    assert shown == {phase.value: {each.value for each in after} for phase, after in NEXT.items()}


def test_the_leader_s_stages_are_the_code_s() -> None:
    """Every class of the stages is in the table, and leads to just those that may follow it."""
    modules = (preparing, installing, steady, changing, closing)
    stages = [
        kind.__name__
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Stage) and kind is not Stage
    ]
    rows = table_after(PROTOCOL, "## The stages of a leader")
    assert [row[0] for row in rows] == stages
    shown = {row[0]: {name.strip() for name in row[2].split(",") if name.strip()} for row in rows}
    assert shown == {
        stage.__name__: {each.__name__ for each in after} for stage, after in AFTER.items()
    }


def test_every_stage_has_a_module_and_every_module_is_shown() -> None:
    """A stage that is added to the folder must come to the page."""
    folder = ROOT / "node" / "ringrun" / "core" / "master" / "stages"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "interface"}
    assert modules == {name.lower() for name in first_column(PROTOCOL, "## The stages")}


def test_the_rules_are_the_code_s_each_with_its_scenario() -> None:
    """One row for each switch, and a transcript of its name."""
    names = first_column(PROTOCOL, "## The rules, and what happens without each")
    assert sorted(names) == sorted(each.name for each in fields(Rules))
    rows = table_after(PROTOCOL, "## The rules, and what happens without each")
    assert dict(rows) == WITHOUT
    missing = [name for name in names if not (SCENARIOS / f"{name}.txt").is_file()]
    assert missing == []


def test_the_states_of_a_slave_and_their_table_are_the_code_s() -> None:
    """What is done with each command in each state, and with one of a lower epoch."""
    names = [state.name.lower() for state in Standing]
    assert first_column(PROTOCOL, "| state | in the code") == names
    rows = table_after(PROTOCOL, "| does | MEET")
    assert [row[0] for row in rows] == names
    for row, state in zip(rows, Standing, strict=True):
        known = [TABLE[state, command].name.lower() for command in COMMANDS]
        assert row[1:] == [*known, Does.REFUSE.name.lower()]
    head = next(line for line in PROTOCOL.splitlines() if line.startswith("| does | MEET"))
    shown = [cell.strip() for cell in head.split("|")[2:-2]]
    assert shown == [command.__name__.upper() for command in COMMANDS]


def test_answers_to_close_are_the_code_s() -> None:
    """The table of CLOSE has every answer that there is."""
    assert sorted(
        first_column(PROTOCOL, "What a slave that was in a view does on CLOSE")
    ) == sorted(Answer.__members__)


@pytest.mark.parametrize("page", ["docs/protocol.md", "docs/reading-a-run.md"])
def test_verdicts_are_all_explained(page: str) -> None:
    """On both pages."""
    shown = first_column((ROOT / page).read_text(), "| verdict ")
    assert sorted(shown) == sorted(verdict.value for verdict in Verdict)


@pytest.mark.parametrize("page", ["docs/protocol.md", "README.md"])
def test_models_are_all_explained(page: str) -> None:
    """A model that is registered must come to both pages, and no other is there."""
    heading = "## Ring models" if page.startswith("docs") else "## Three models"
    assert first_column((ROOT / page).read_text(), heading) == list(MODELS)


@pytest.mark.parametrize("row", table_after(PROTOCOL, "## Times"), ids=lambda row: row[2])
def test_times_are_the_code_s(row: list[str]) -> None:
    """Each number is what the row names: a constant, a field of one, or the default of a field."""
    module, name = row[2].split()
    if module.partition(".")[0] not in PACKAGES:
        module = f"ringrun.{module}"
    constant, _, attribute = name.partition(".")
    found = getattr(import_module(module), constant)
    if isinstance(found, type):
        found = defaults_of(found)
    assert float(row[1]) == (getattr(found, attribute) if attribute else found)


def test_the_delays_of_masters_are_told_alike_in_words_and_in_the_table() -> None:
    """The section on supervisors repeats them, and has the one number that is no time."""
    told = " ".join(PROTOCOL.partition("\n## A supervisor")[2].partition("\n## ")[0].split())
    processes, pods = (f"{each.first:g} to {each.longest:g} s" for each in (PROCESSES, PODS))
    assert f"(processes after {processes}, pods after {pods})" in told
    assert f"(within {SHORT_LIFE:g} s of its start)" in told
    number = ("none", "one", "two", "three", "four", "five", "six")[STILLBORN_LIMIT]
    assert f"after {number} in a row (`STILLBORN_LIMIT`)" in told


def defaults_of(kind: type) -> object:
    """A value of the kind with its defaults."""
    needed = {"run": "r", "nodes": 2, "seed": 0, "model": "m", "send": 1.0, "grace": 1.0}
    return kind() if kind.__name__ == "Terms" else kind(**needed)


# Commands.


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    return {flag for action in parser._actions for flag in action.option_strings}


def commands_in(text: str) -> Iterator[list[str]]:
    """Every `ringrun ...` that stands as code on a page, in words."""
    code = re.findall(r"`(ringrun [^`]*)`", text)
    code += re.findall(r"^\$ (ringrun [^(&\n]*)", text, re.MULTILINE)
    return (each.split() for each in code)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_flags_exist(page: Path) -> None:
    """Every command line that a page shows is one that the program takes."""
    parser, commands = make_parser()
    for words in commands_in(page.read_text()):
        known = commands.get(words[1])
        assert known is not None or words[1].startswith("-"), " ".join(words)
        allowed = flags_of(known or parser)
        for word in words[1:]:
            if word.startswith("-") and word != "-":
                assert word.strip("[],").split("=")[0] in allowed, " ".join(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_flags_named_alone_exist(page: Path) -> None:
    """`--quiet` in a sentence is a flag of some command."""
    _, commands = make_parser()
    allowed = set().union(*(flags_of(command) for command in commands.values()))
    allowed |= flags_of(operator_parser())
    named = set(re.findall(r"`(--[a-z-]+)", page.read_text()))
    assert named <= allowed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    """Every `make X` is a target of the Makefile or of what it includes, with its line of help."""
    makefile = (ROOT / "Makefile").read_text()
    (included,) = re.findall(r"^include (.*)", makefile, re.MULTILINE)
    makefiles = makefile + "".join((ROOT / name).read_text() for name in included.split())
    targets = set(re.findall(r"^([a-z0-9-]+):.*## ", makefiles, re.MULTILINE))
    text = page.read_text()
    named = re.findall(r"`make ([a-z0-9-]+)", text) + re.findall(
        r"^(?:\$ )?make ([a-z0-9-]+)", text, re.MULTILINE
    )
    assert set(named) <= targets


def test_exit_codes_are_those_of_the_program() -> None:
    """The README's table and the help say the same numbers."""
    parser, _ = make_parser()
    assert parser.epilog is not None
    helped = re.findall(r"^  ([0-9]+) ", parser.epilog, re.MULTILINE)
    assert first_column((ROOT / "docs/reading-a-run.md").read_text(), "| exit code ") == helped
    assert {int(code) for code in helped} == set(ExitCode)


# Links and names of files.


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file or a heading of this repository."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked.read_text()), target


def test_every_page_is_found_from_the_readme() -> None:
    """By following links. A page that nothing leads to is read by nobody, and goes stale."""
    found, to_read = set(), [ROOT / "README.md"]
    while to_read:
        page = to_read.pop()
        if page.suffix == ".md" and page not in found:
            found.add(page)
            paths = (target.partition("#")[0] for target in links(page))
            to_read += [(page.parent / path).resolve() for path in paths if path]
    assert sorted(str(page.relative_to(ROOT)) for page in set(PAGES) - found) == []


def test_the_map_has_every_page() -> None:
    """docs/README.md lists what is in docs/; each decision is in the list of decisions."""
    for folder in (ROOT / "docs", ROOT / "docs" / "decisions"):
        linked = {
            (folder / each.partition("#")[0]).resolve() for each in links(folder / "README.md")
        }
        missing = {page.name for page in folder.glob("*.md") if page not in linked}
        assert missing == {"README.md"}


@pytest.mark.parametrize(
    "page", [*PAGES, *READMES], ids=lambda page: f"{page.parent.name}/{page.name}"
)
def test_files_that_are_named_exist(page: Path) -> None:
    """`core/slave/ending.py`, `tests/simulation/scenarios/` and the like, from some usual place."""
    places = (ROOT, ROOT / "node" / "ringrun", ROOT / "operator" / "ringrun_operator", page.parent)
    named = re.findall(
        r"`([a-z_]+/[a-z0-9_/.]*|[a-z0-9_]+\.(?:py|sh|toml|yaml))`", page.read_text()
    )
    missing = [name for name in named if not any((place / name).exists() for place in places)]
    assert missing == []


def is_there(name: str) -> bool:
    """Whether this is a module of ours, or something in one: `core.slave.views.Views.wedge`."""
    first, _, rest = name.partition(".")
    if first in PACKAGES:
        return _is_in(first, rest.split("."))
    return any(_is_in(package, name.split(".")) for package in PACKAGES)


def _is_in(package: str, parts: list[str]) -> bool:
    found: object = import_module(package)
    place = package
    for part in parts:
        place += f".{part}"
        if hasattr(found, "__path__") and find_spec(place) is not None:
            found = import_module(place)
        elif hasattr(found, part):
            found = getattr(found, part)
        else:
            return False
    return True


def dotted_names(page: str) -> list[str]:
    """What stands as code and is words with dots between them, but the name of a file."""
    named = re.findall(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)`", page)
    return [name for name in named if not name.endswith((".json", ".txt", ".py", ".toml", ".yaml"))]


@pytest.mark.parametrize(
    "page", [*PAGES, *READMES], ids=lambda page: f"{page.parent.name}/{page.name}"
)
def test_modules_that_are_named_exist(page: Path) -> None:
    """`core.supervisor.roster` and the like, with or without the package's name before it."""
    ours = {each.name for name in PACKAGES for each in iter_modules(import_module(name).__path__)}
    # A name that begins so is a field of the YAML.
    ours = ours - {"spec"} | {*PACKAGES}
    named = [name for name in dotted_names(page.read_text()) if name.partition(".")[0] in ours]
    assert [name for name in named if not is_there(name)] == []


def test_every_step_of_the_walkthrough_is_a_function_that_there_is() -> None:
    """All its dotted names, none left out: who renames a function comes by here."""
    named = dotted_names(WALKTHROUGH.read_text())
    assert len(named) > 100
    assert [name for name in named if not is_there(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "core.slave.views.Views.wedges",
        "core.slave.membership",
        "slave.views",
        "ringrun.decide.plan",
    ],
)
def test_a_name_that_is_nowhere_is_noticed(name: str) -> None:
    """Renamed, moved, without its room, or in the other package."""
    assert not is_there(name)


def test_the_walkthrough_s_times_are_the_transcript_s() -> None:
    """A transcript that is made anew moves them; then the page has to follow."""
    times = set(re.findall(r"(?<![\w.-])(\d\.\d{4})(?![\w.])", WALKTHROUGH.read_text()))
    transcript = ROOT / "docs" / "transcripts" / "a-death-and-a-take-over.txt"
    told = set(re.findall(r"^ +(\d\.\d{4})  ", transcript.read_text(), re.MULTILINE))
    assert times
    assert times <= told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_no_place_of_one_machine(page: Path) -> None:
    """What is shown was run somewhere; where does not matter to anyone else."""
    assert not re.search(r"(?<![\w.])/(?:home|root|work|tmp|opt)/", page.read_text())


# Settings.


def test_every_setting_is_explained_as_it_is() -> None:
    """Fields, defaults and bounds are those of the table that the spec is checked by."""
    rows = table_after((ROOT / "docs" / "operations.md").read_text(), "| field | default ")
    shown = {row[0].strip("`"): (row[1], row[2]) for row in rows}
    assert list(shown) == [".".join(each.path) for each in FIELDS]
    for each in FIELDS:
        default, allowed = shown[".".join(each.path)]
        if each.attribute in {"burst", "window"}:
            assert default == "by model"
        elif each.default is None:
            assert default == "none"
        else:
            assert default == str(each.default).replace("False", "false")
        if each.choices is not None:
            assert allowed == ", ".join(each.choices)
        elif each.high is not None:
            assert allowed == f"{each.low} to {each.high}"
        elif each.low is not None:
            assert allowed == f"at least {each.low}"


def test_every_reason_is_explained() -> None:
    """What may stand behind a verdict has a row; nothing else does."""
    page = (ROOT / "docs" / "operations.md").read_text()
    shown = {name.strip() for row in first_column(page, "| reason ") for name in row.split(",")}
    assert shown == {word.value for word in Why}


def test_every_event_is_explained() -> None:
    """What a leader says as it happens."""
    page = (ROOT / "docs" / "operations.md").read_text()
    assert set(first_column(page, "| event ")) == set(EventKind)


def layers_of(block: str) -> list[set[str]]:
    """The names of each line of a block, without what is said behind them."""
    names = [re.split(r"  +", line)[0] for line in block.strip().splitlines()]
    return [set(re.split(r" \| |, ", line)) for line in names]


@pytest.mark.parametrize(
    ("heading", "container"), [("Layers", "ringrun"), ("Rooms", "ringrun.core")]
)
def test_layers_are_those_that_are_held(heading: str, container: str) -> None:
    """The page's block and the contract of import-linter, line by line."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    block = page.partition(f"## {heading}\n")[2].split("```")[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = (
        each
        for each in project["tool"]["importlinter"]["contracts"]
        if each.get("containers") == [container]
    )
    held = [set(re.split(r" [|:] ", line)) for line in contract["layers"]]
    assert layers_of(block) == [layer for layer in held if layer != {"__main__"}]
