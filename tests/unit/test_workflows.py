"""What .github runs, against what it must equal: make's targets, the Pythons, the seeds of a night.

actionlint reads the rest (`make check`).
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_have_a_full_version(path: Path) -> None:
    """A tag like v6 moves under our feet; dependabot moves these by a change that is tested."""
    used = re.findall(r"uses: (\S+)", path.read_text())
    loose = [each for each in used if not re.fullmatch(r"\./.*|\S+@v\d+\.\d+\.\d+", each)]
    assert loose == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_make_targets_exist(path: Path) -> None:
    """A step that calls `make X` finds it."""
    makefiles = "".join(
        (ROOT / name).read_text()
        for name in ("Makefile", "deploy/deploy.mk", "tests/cluster/cluster.mk")
    )
    targets = set(re.findall(r"^([a-z0-9-]+):", makefiles, re.MULTILINE))
    assert set(re.findall(r"run: make ([a-z0-9-]+)", path.read_text())) <= targets


def test_the_oldest_and_the_newest_python_are_tested() -> None:
    """Those between which pyproject.toml lets the package be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    tested = load("ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == [f"3.{low}", f"3.{int(high) - 1}"]


def test_no_two_nights_try_the_same_seeds() -> None:
    """The seeds of a night begin where those of the night before end, which a run by hand may not
    reach beyond either."""
    job = load("nightly.yml")["jobs"]["simulate"]
    (runs,) = re.findall(r"'(\d+)'", job["env"]["RUNS"])
    (stride,) = re.findall(r"NUMBER \* (\d+)", str(job["steps"]))
    (most,) = re.findall(r"-gt (\d+)", str(job["steps"]))
    assert runs == stride == most


def test_a_release_has_what_is_named_and_nothing_else() -> None:
    """An artifact of an action's own, a record of the build say, must not come onto the page."""
    jobs = load("release.yml")["jobs"]
    steps = [step for job in jobs.values() for step in job.get("steps", ())]
    sent, fetched = (
        [step["with"].get("name") for step in steps if f"/{kind}-artifact@" in step.get("uses", "")]
        for kind in ("upload", "download")
    )
    assert None not in fetched
    assert sorted(fetched) == sorted(sent)


def test_nothing_may_write_unless_a_job_says_so() -> None:
    """The token of a workflow can read; what a job needs beyond that stands in the job."""
    assert [
        path.name for path in WORKFLOWS if load(path.name)["permissions"] != {"contents": "read"}
    ] == []
