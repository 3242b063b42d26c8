"""The shape of the code, as docs/architecture.md has it; directions are held by import-linter."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted([*(ROOT / "node").rglob("*.py"), *(ROOT / "operator").rglob("*.py")])
MOST_MODULES, MOST_LINES, MOST_OF_A_CORE = 12, 350, 299


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_a_folder_has_no_more_modules_than_can_be_seen_at_once() -> None:
    """More than twelve are two rooms."""
    rooms = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {str(room): many for room, many in rooms.items() if many > MOST_MODULES} == {}


def test_no_module_is_too_long_to_be_one_thing() -> None:
    """Nor are the slave and the master, which everything of theirs would otherwise end in."""
    assert {path.name: lines(path) for path in MODULES if lines(path) > MOST_LINES} == {}
    core = ROOT / "node" / "ringrun" / "core"
    for path in (core / "slave" / "slave.py", core / "master" / "master.py"):
        assert lines(path) <= MOST_OF_A_CORE


@pytest.mark.parametrize("room", ["slave", "master"])
def test_no_part_of_a_core_is_given_its_owner(room: str) -> None:
    """A parameter of the owner's type would be the way back up."""
    folder = ROOT / "node" / "ringrun" / "core" / room
    owners = {"Slave", "Master", "Leading"}
    given = [
        f"{path.name}:{argument.lineno}"
        for path in folder.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for argument in (*function.args.args, *function.args.kwonlyargs)
        # `reporting` stands above `leading`, and is given the leadership that it reports for.
        if path.name != "reporting.py" and _named(argument.annotation) & owners
    ]
    assert given == []


def _named(annotation: ast.expr | None) -> set[str]:
    if annotation is None:
        return set()
    return {each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)} | {
        each.value for each in ast.walk(annotation) if isinstance(each, ast.Constant)
    }


def test_what_is_imported_for_types_alone_is_not_of_this_project() -> None:
    """Such an import is an arrow like any other, and would only hide a circle."""
    hidden = [
        f"{path.name}:{node.lineno}"
        for path in MODULES
        for block in ast.walk(ast.parse(path.read_text()))
        if isinstance(block, ast.If) and _named(block.test) == {"TYPE_CHECKING"}
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ringrun")
    ]
    assert hidden == []


def test_the_test_of_a_module_is_found_by_its_name() -> None:
    """Its own, or that of a room above before it, since no two tests are called the same; and in a
    folder on the way to the module, since a namesake elsewhere is the test of something else."""
    tests: dict[str, list[tuple[str, ...]]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        tests.setdefault(path.stem, []).append(_mirrored(path))
    assert [
        str(path.relative_to(ROOT))
        for path in MODULES
        if _does_something(path) and not _has_test(path, tests)
    ] == []


def _has_test(path: Path, tests: dict[str, list[tuple[str, ...]]]) -> bool:
    source, *rooms = path.relative_to(ROOT).parts[:-1]
    names = {f"test_{path.stem}", *(f"test_{room}_{path.stem}" for room in (source, *rooms))}
    way = tuple(rooms if source == "operator" else rooms[1:])
    return any(way[: len(folder)] == folder for name in names for folder in tests.get(name, ()))


def _mirrored(test: Path) -> tuple[str, ...]:
    """The rooms of the code that a test's folder stands for."""
    kind, *rooms = test.relative_to(ROOT / "tests").parts[:-1]
    return (kind, *rooms) if kind == "simulation" else tuple(rooms)


def _does_something(path: Path) -> bool:
    """Words, values and protocols have nothing to fail: no function of theirs decides anything."""
    if path.stem.startswith("__"):
        return False
    tree = ast.parse(path.read_text())
    return any(isinstance(node, (ast.If, ast.For, ast.While, ast.Try)) for node in ast.walk(tree))
