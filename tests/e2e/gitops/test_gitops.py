"""What GitOps tools make of a RingRun: kstatus as Flux and Helm do, and Argo CD by our script.

Both are the tools' own code (kstatus, and the Lua that Argo CD runs), in a small Go program. The
runs are made up at every stage, and one is real.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_server import ApiServer
from runs_in_memory import finished, sending, started

import cluster_runs as runs
from kubectl import Kubectl

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SCRIPT = "resource.customizations.health.ringrun.dev_RingRun"

Judge = Callable[[dict[str, Any]], tuple[str, str]]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """kstatus and Argo CD's health of an object; the program is built once, and kept."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go to build kstatus with")
    sources = sorted((HERE / "tools").iterdir())
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()[:12]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Path(os.environ.get("RINGRUN_CLUSTER_CACHE") or home / "ringrun-cluster")
    program = cache / f"gitops-{digest}"
    if not program.exists():
        subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "tools", check=True)
    script = tmp_path_factory.mktemp("argo") / "health.lua"
    script.write_text(health_script())

    def ask(found: dict[str, Any]) -> tuple[str, str]:
        line = json.dumps(found) + "\n"
        done = subprocess.run(
            [program, script], input=line, capture_output=True, text=True, check=True
        )
        answer = json.loads(done.stdout)
        return answer["kstatus"], answer["argo"]

    return ask


def health_script() -> str:
    """The one that docs/kubernetes.md gives to Argo CD."""
    page = (ROOT / "docs/kubernetes.md").read_text()
    for block in page.split("```yaml\n")[1:]:
        document = yaml.safe_load(block.split("```")[0].split("\n---\n")[0])
        if SCRIPT in (document.get("data") or {}):
            found: str = document["data"][SCRIPT]
            return found
    raise AssertionError("the page has no such script")


def looked_at(api: ApiServer) -> ApiServer:
    api.settle()
    return api


def new() -> ApiServer:
    """As the API server makes it: the schema has a first status."""
    api = ApiServer()
    api.patch("RingRun", "demo", status={"observedGeneration": -1})
    return api


def waiting() -> ApiServer:
    api = looked_at(ApiServer())
    api.waits("demo-s0-1", "ErrImagePull", "no such image")
    return looked_at(api)


def taken() -> ApiServer:
    api = ApiServer()
    api.step()
    api.taken = {"Lease demo": "it belongs to nobody"}
    api.step()
    return api


def refused() -> ApiServer:
    api = ApiServer(nodes=1)
    api.step()
    return api


def edited() -> ApiServer:
    """The operator has not seen the edit yet."""
    api = finished()
    api.patch("RingRun", "demo", spec={"nodes": 3, "abort": True, "cleanup": "DeletePods"})
    return api


def deleted() -> ApiServer:
    api = sending()
    api.patch("RingRun", "demo", deletionTimestamp="2026-01-01T00:00:00Z")
    return api


STAGES = [
    (new, "InProgress", "Progressing"),
    (lambda: looked_at(ApiServer()), "InProgress", "Progressing"),
    (waiting, "InProgress", "Progressing"),
    (started, "InProgress", "Progressing"),
    (sending, "InProgress", "Progressing"),
    (finished, "Failed", "Degraded"),
    (taken, "Failed", "Degraded"),
    (refused, "Failed", "Degraded"),
    (lambda: looked_at(ApiServer(suspend=True)), "InProgress", "Suspended"),
    (edited, "InProgress", "Progressing"),
    (deleted, "Terminating", "Progressing"),
]


@pytest.mark.parametrize(("begin", "kstatus", "argo"), STAGES)
def test_each_stage_of_a_run_is_what_the_tools_call_it(
    judge: Judge, begin: Callable[[], ApiServer], kstatus: str, argo: str
) -> None:
    """From the first moment, before any operator looked, to the end."""
    assert judge(begin().objects["RingRun", "demo"]) == (kstatus, argo)


def test_a_real_run_goes_from_progress_to_current(kubectl: Kubectl, judge: Judge) -> None:
    """As a pipeline sees it, which waits for Ready."""
    kubectl.apply(runs.load(HERE / "ringrun.yaml", nodes=2, suspend=True))
    assert judge(kubectl.get("rrun", "gitops"))[0] == "InProgress"
    kubectl.patch("rrun", "gitops", {"spec": {"suspend": False}})
    assert judge(kubectl.get("rrun", "gitops")) == ("InProgress", "Progressing")
    kubectl("wait", "--for=condition=Ready", "rrun/gitops", "--timeout=60s", timeout=70)
    assert judge(kubectl.get("rrun", "gitops")) == ("Current", "Healthy")
