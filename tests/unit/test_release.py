"""One version, wherever it is shown, and the changelog as a release cuts it (deploy/release.py)."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from ringrun import __version__

ROOT = Path(__file__).parents[2]

CHANGELOG = """\
# Changelog

## Unreleased

### Added

- A thing.

## 0.1.0 (2026-11-01)

- The first.
"""


def load() -> ModuleType:
    """The script; deploy/ is no package."""
    spec = importlib.util.spec_from_file_location("release", ROOT / "deploy" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


release = load()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a release changes, with a changelog of one version."""
    for name in (release.SOURCE, *release.COPIES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    source = tmp_path / release.SOURCE
    source.write_text(source.read_text().replace(__version__, "0.1.0"))
    release.stamp(tmp_path)
    (tmp_path / release.CHANGELOG).write_text(CHANGELOG)
    return tmp_path


def test_the_version_has_one_place() -> None:
    """Chart and manifests say what the package says; `make chart` writes it there."""
    assert release.version(ROOT) == __version__
    assert release.shown(ROOT) == {name: {__version__} for name in release.COPIES}


def test_every_place_that_shows_the_version_is_stamped() -> None:
    """A copy that `stamp` does not know would be left behind by the next release."""
    shown = {
        str(path.relative_to(ROOT))
        for folder in ("charts", "deploy")
        for path in (ROOT / folder).rglob("*.yaml")
        if f"ringrun/ringrun:{__version__}" in path.read_text()
        or f"ersion: {__version__}" in path.read_text()
    }
    assert shown == set(release.COPIES)


def test_cut_moves_the_version_and_what_is_unreleased(tree: Path) -> None:
    """One command, and the tree is what its tag will say."""
    release.cut(tree, "0.2.0", "2026-12-01")
    assert release.version(tree) == "0.2.0"
    assert release.shown(tree) == {name: {"0.2.0"} for name in release.COPIES}
    assert release.notes(tree, "0.2.0") == "### Added\n\n- A thing.\n"
    assert release.notes(tree, "0.1.0") == "- The first.\n"
    page = (tree / release.CHANGELOG).read_text()
    assert page.startswith("# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-12-01)\n\n### Added\n")
    release.check(tree, "v0.2.0")


def test_nothing_is_cut_from_an_empty_changelog(tree: Path) -> None:
    """A release that says nothing to its users is a mistake."""
    release.cut(tree, "0.2.0", "2026-12-01")
    with pytest.raises(release.ReleaseError, match="nothing unreleased"):
        release.cut(tree, "0.3.0", "2026-12-02")


@pytest.mark.parametrize("new", ["0.2", "v0.2.0", "0.2.0rc1", "0.2.0-rc.1", ""])
def test_only_plain_versions_are_cut(tree: Path, new: str) -> None:
    """What a chart and a wheel both take."""
    with pytest.raises(release.ReleaseError, match=r"must be X\.Y\.Z"):
        release.cut(tree, new, "2026-12-01")


def test_a_tag_of_another_version_is_refused(tree: Path) -> None:
    """The release workflow asks this first."""
    with pytest.raises(release.ReleaseError, match=r"the tag must be v0\.1\.0, got v0\.2\.0"):
        release.check(tree, "v0.2.0")


def test_a_copy_that_was_forgotten_is_refused(tree: Path) -> None:
    """With the command that mends it."""
    chart = tree / "charts/ringrun/Chart.yaml"
    chart.write_text(chart.read_text().replace("appVersion: 0.1.0", "appVersion: 0.0.9"))
    with pytest.raises(release.ReleaseError, match=r"must say 0\.1\.0, got 0\.0\.9, 0\.1\.0: make"):
        release.check(tree, "v0.1.0")


def test_a_version_without_notes_is_refused(tree: Path) -> None:
    """The release's page would be empty."""
    (tree / release.CHANGELOG).write_text("# Changelog\n\n## Unreleased\n\n- A thing.\n")
    with pytest.raises(release.ReleaseError, match=r"nothing under 0\.1\.0"):
        release.check(tree, "v0.1.0")
