"""What GitOps tools make of a RingRun: kstatus as Flux and Helm do, Argo CD and Flux by our texts.

All are the tools' own code (kstatus, the Lua that Argo CD runs, the CEL that Flux runs), in a small
Go program. The runs are made up at every stage; some are real, and helm waits for them.
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
from runs_in_memory import finished, reported, sending, started

import cluster_runs as runs
from kubectl import Kubectl
from ringrun_operator.show.kstatus import READY, RECONCILING, STALLED
from ringrun_operator.show.status import restamped

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SCRIPT = "resource.customizations.health.ringrun.dev_RingRun"

CHART = "apiVersion: v2\nname: rings\nversion: 0.1.0\n"

Judge = Callable[[dict[str, Any]], tuple[str, str]]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """kstatus and Argo CD's health of an object; the program is built once, and kept."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go to build kstatus with")
    program = built()
    texts = tmp_path_factory.mktemp("texts")
    script, expressions = texts / "health.lua", texts / "expressions.json"
    script.write_text(health_script())
    expressions.write_text(json.dumps(health_expressions()))

    def ask(found: dict[str, Any]) -> tuple[str, str]:
        line = json.dumps(found) + "\n"
        done = subprocess.run(
            [program, script, expressions], input=line, capture_output=True, text=True, check=True
        )
        answer = json.loads(done.stdout)
        # Flux by our expressions says what it says by itself; what is being deleted is not theirs.
        assert answer["flux"] == answer["kstatus"] or answer["kstatus"] == "Terminating"
        return answer["kstatus"], answer["argo"]

    return ask


def built() -> Path:
    """The program, with what the cluster's own programs left in the cache of builds."""
    sources = sorted((HERE / "tools").iterdir())
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()[:12]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Path(os.environ.get("RINGRUN_CLUSTER_CACHE") or home / "ringrun-cluster")
    program = cache / f"gitops-{digest}"
    if not program.exists():
        how = ["-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w"]
        environment = {"GOCACHE": str(cache / "go-build"), **os.environ, "CGO_ENABLED": "0"}
        subprocess.run(
            ["go", "build", *how, "-o", program, "."],
            cwd=HERE / "tools",
            env=environment,
            check=True,
        )
    return program


def manifests() -> list[Any]:
    """What docs/kubernetes.md gives to apply; some are values of the chart and have no kind."""
    page = (ROOT / "docs/kubernetes.md").read_text()
    blocks = [block.split("```")[0] for block in page.split("```yaml\n")[1:]]
    return [document for block in blocks for document in yaml.safe_load_all(block)]


def health_script() -> str:
    """The one that the page gives to Argo CD."""
    [found] = [each["data"][SCRIPT] for each in manifests() if SCRIPT in (each.get("data") or {})]
    text: str = found
    return text


def health_expressions() -> dict[str, str]:
    """Those that the page gives to Flux."""
    [[found]] = [
        each["spec"]["healthCheckExprs"]
        for each in manifests()
        if each.get("kind") == "Kustomization"
    ]
    assert (found["apiVersion"], found["kind"]) == ("ringrun.dev/v1alpha1", "RingRun")
    return {key: found[key] for key in ("inProgress", "failed", "current")}


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


def agreed() -> ApiServer:
    return reported("ab", "ab", "ab")


def by_an_older_operator(api: ApiServer) -> ApiServer:
    """One that had not the three; this one looks at it once."""
    status = api.objects["RingRun", "demo"]["status"]
    three = {READY, RECONCILING, STALLED}
    kept = [each for each in status["conditions"] if each["type"] not in three]
    generation = api.objects["RingRun", "demo"]["metadata"]["generation"]
    api.patch("RingRun", "demo", status=restamped({**status, "conditions": kept}, generation))
    return api


def suspended_and_taken() -> ApiServer:
    api = ApiServer(suspend=True)
    api.taken = {"Lease demo": "it belongs to nobody"}
    return looked_at(api)


STAGES = [
    (new, "InProgress", "Progressing"),
    (lambda: looked_at(ApiServer()), "InProgress", "Progressing"),
    (waiting, "InProgress", "Progressing"),
    (started, "InProgress", "Progressing"),
    (sending, "InProgress", "Progressing"),
    (agreed, "Current", "Healthy"),
    (lambda: reported("ab", "ab", "ab", expect={"minCount": 11}), "Failed", "Degraded"),
    (lambda: reported("ab", "cd", "ab"), "Failed", "Degraded"),
    (reported, "Failed", "Degraded"),
    (finished, "Failed", "Degraded"),
    (lambda: by_an_older_operator(finished()), "Failed", "Degraded"),
    (lambda: by_an_older_operator(agreed()), "Current", "Healthy"),
    (suspended_and_taken, "Failed", "Degraded"),
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
    """As a pipeline sees it, which waits for Ready; what was just made has a status too."""
    run = runs.load(HERE / "ringrun.yaml", nodes=2, suspend=True)
    made = json.loads(
        kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(run))
    )
    assert made["status"] == {"observedGeneration": -1}
    assert judge(made) == ("InProgress", "Progressing")
    kubectl.apply(run)
    assert judge(kubectl.get("rrun", "gitops"))[0] == "InProgress"
    kubectl.patch("rrun", "gitops", {"spec": {"suspend": False}})
    assert judge(kubectl.get("rrun", "gitops")) == ("InProgress", "Progressing")
    kubectl("wait", "--for=condition=Ready", "rrun/gitops", "--timeout=60s", timeout=70)
    assert judge(kubectl.get("rrun", "gitops")) == ("Current", "Healthy")
    kubectl("wait", "--for=condition=Finished", "rrun/gitops", "--timeout=5s")


def test_helm_waits_for_the_end_of_a_run_and_says_how_it_failed(
    kubectl: Kubectl, tmp_path: Path
) -> None:
    """Of two runs in one chart: until both are Ready, or one of them failed."""
    if shutil.which("helm") is None:
        pytest.skip("there is no helm")
    templates = tmp_path / "templates"
    templates.mkdir()
    (tmp_path / "Chart.yaml").write_text(CHART)
    for name in ("one", "two"):
        run = runs.load(HERE / "ringrun.yaml", nodes=2, periods={"sendMilliseconds": 1000})
        run["metadata"]["name"] = f"{{{{ .Release.Name }}}}-{name}"
        if name == "two":
            run["spec"]["expect"] = {"minCount": "COUNT"}
        text = yaml.safe_dump(run).replace("COUNT", "{{ .Values.count | int64 }}")
        (templates / f"{name}.yaml").write_text(text)

    def helm(release: str, count: int) -> subprocess.CompletedProcess[str]:
        given = ["--set-json", f"count={count}", "--wait", "--timeout", "90s"]
        where = ["--kubeconfig", kubectl.kubeconfig, "-n", kubectl.namespace]
        command = ["helm", "install", release, str(tmp_path), *given, *where]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    good = helm("good", 1)
    assert (good.returncode, "STATUS: deployed" in good.stdout) == (0, True), good.stderr
    for name in ("good-one", "good-two"):
        assert kubectl.get("rrun", name)["status"]["verdict"] == "Agreed"
    bad = helm("bad", 10**12)
    assert bad.returncode != 0
    assert f"RingRun/{kubectl.namespace}/bad-two not ready. status: Failed" in bad.stderr
    assert "Not met: minCount: wanted 1,000,000,000,000, got" in bad.stderr
