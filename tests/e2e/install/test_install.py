"""The chart in namespaces, without any ClusterRole: install, test, upgrade, uninstall; twice,
elsewhere, after kubectl, without rights, and as a part of another chart.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

import cluster_runs as runs
from kubectl import Kubectl

ROOT = Path(__file__).parents[3]
RUN = Path(__file__).parent / "ringrun.yaml"


class HelmError(Exception):
    """helm ended with a failure; the text is what the user would read."""


class Helm:
    """helm for one namespace."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._where = ["--kubeconfig", kubectl.kubeconfig, "-n", kubectl.namespace]

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["helm", *arguments, *self._where],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise HelmError(done.stdout + done.stderr)
        return done.stdout


@pytest.fixture
def templates(kubectl: Kubectl) -> Helm:
    """helm where nothing is installed."""
    if shutil.which("helm") is None:
        pytest.skip("there is no helm")
    return Helm(kubectl)


@pytest.fixture
def helm(kubectl: Kubectl, no_operator: Callable[[], None]) -> Helm:
    """helm, with the cluster-wide operator out of the way."""
    if shutil.which("helm") is None:
        pytest.skip("there is no helm")
    no_operator()
    return Helm(kubectl)


def test_a_namespaced_install_works_without_any_cluster_role(kubectl: Kubectl, helm: Helm) -> None:
    """The CRD is there before; runs and results outlive upgrade and uninstall."""
    settings = ["--set", "scope=namespaced", "--set", "crd.install=false", "--wait"]
    chart = str(ROOT / "charts/ringrun")
    notes = helm("install", "ring", chart, *settings)
    assert "kubectl" in notes
    manifest = helm("get", "manifest", "ring")
    assert "ClusterRole" not in manifest
    told = helm("test", "ring", "--timeout", "150s")
    assert "Succeeded" in told
    # What the test made is gone again.
    runs.wait("no run", lambda: not kubectl.list("rrun"), 10)
    kubectl.apply(runs.load(RUN))
    before = runs.agreed(kubectl, "installed")
    helm("upgrade", "ring", chart, *settings, "--set", "logLevel=debug")
    assert runs.status(kubectl, "installed")["result"] == before["result"]
    helm("uninstall", "ring", "--wait")
    assert runs.status(kubectl, "installed")["result"] == before["result"]
    assert runs.report(kubectl, "installed")["verdict"] == "Agreed"


CHART = str(ROOT / "charts/ringrun")
NAMESPACED = ["--set", "scope=namespaced", "--wait", "--timeout", "90s"]


@pytest.fixture
def elsewhere(kubectl: Kubectl, cluster: Kubectl) -> Iterator[Kubectl]:
    """A second namespace."""
    name = f"{kubectl.namespace}-b"
    cluster("create", "namespace", name)
    cluster("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield cluster.within(name)
    cluster("delete", "namespace", name, "--wait=false")


def test_two_releases_of_one_name_stand_beside_each_other(
    kubectl: Kubectl, elsewhere: Kubectl, helm: Helm
) -> None:
    """The CRD that is there already is left alone; when one goes, the other and the runs stay."""
    other = Helm(elsewhere)
    before = kubectl.get("crd", "ringruns.ringrun.dev")["metadata"]["resourceVersion"]
    assert "was there already" in helm("install", "ring", CHART, *NAMESPACED)
    other("install", "ring", CHART, *NAMESPACED)
    for each in (kubectl, elsewhere):
        each.apply(runs.load(RUN))
    for each in (kubectl, elsewhere):
        runs.agreed(each, "installed")
    helm("uninstall", "ring", "--wait")
    assert runs.status(kubectl, "installed")["verdict"] == "Agreed"
    run = runs.load(RUN)
    run["metadata"]["name"] = "again"
    elsewhere.apply(run)
    runs.agreed(elsewhere, "again")
    other("uninstall", "ring", "--wait")
    assert kubectl.get("crd", "ringruns.ringrun.dev")["metadata"]["resourceVersion"] == before


def test_a_release_that_went_may_come_back_elsewhere(
    kubectl: Kubectl, elsewhere: Kubectl, helm: Helm
) -> None:
    """Watching where it did: it finds the runs that it left, and begins none of them anew."""
    helm("install", "ring", CHART, *NAMESPACED)
    kubectl.apply(runs.load(RUN))
    before = runs.agreed(kubectl, "installed")
    helm("uninstall", "ring", "--wait")
    watched = f"namespaces={{{kubectl.namespace}}}"
    Helm(elsewhere)("install", "rings", CHART, *NAMESPACED, "--set", watched)
    run = runs.load(RUN)
    run["metadata"]["name"] = "again"
    kubectl.apply(run)
    runs.agreed(kubectl, "again")
    assert runs.status(kubectl, "installed") == before


def test_what_kubectl_made_is_taken_over(kubectl: Kubectl, helm: Helm) -> None:
    """As docs/kubernetes.md says: the Deployment goes before, for its selector is another."""
    kubectl("apply", "-f", str(ROOT / "deploy/operator.yaml"))
    kubectl("create", "serviceaccount", "ringrun-operator")
    with pytest.raises(HelmError, match="cannot be imported"):
        helm("install", "ringrun", CHART, *NAMESPACED)
    kubectl("delete", "deployment", "ringrun-operator")
    helm("install", "ringrun", CHART, *NAMESPACED, "--take-ownership")
    kubectl.apply(runs.load(RUN))
    runs.agreed(kubectl, "installed")


def test_an_operator_without_rights_is_not_ready(kubectl: Kubectl, helm: Helm) -> None:
    """So `--wait` does not succeed, and the pod says which right it lacks."""
    with pytest.raises(HelmError):
        helm(
            "install",
            "ring",
            CHART,
            "--set",
            "scope=namespaced,rbac.create=false",
            "--wait",
            "--timeout",
            "25s",
        )
    [pod] = kubectl.list("pods", "-l", "app.kubernetes.io/component=operator")
    events = kubectl.list(
        "events", "--field-selector", f"involvedObject.uid={pod['metadata']['uid']}"
    )
    said = " ".join(each["message"] for each in events if each["reason"] == "Unhealthy")
    assert "forbidden" in said or "may not" in said, said


@pytest.mark.parametrize("enabled", [True, False])
def test_it_is_a_dependency_of_another_chart(
    templates: Helm, tmp_path: Path, enabled: bool
) -> None:
    """With a condition, and with values that all charts share."""
    dependency = {
        "name": "ringrun",
        "version": ">=0.0.0-0",
        "repository": f"file://{CHART}",
        "condition": "ringrun.enabled",
    }
    chart = {
        "apiVersion": "v2",
        "name": "umbrella",
        "version": "1.0.0",
        "dependencies": [dependency],
    }
    values = {
        "global": {"imageRegistry": "registry.example.com"},
        "ringrun": {"enabled": enabled, "scope": "namespaced", "crd": {"install": False}},
    }
    (tmp_path / "Chart.yaml").write_text(json.dumps(chart))
    (tmp_path / "values.yaml").write_text(json.dumps(values))
    templates("dependency", "build", str(tmp_path))
    made = templates("template", "all", str(tmp_path))
    assert ("kind: Deployment" in made) is enabled


def test_names_without_a_namespace_do_not_collide(kubectl: Kubectl, templates: Helm) -> None:
    """Those of two releases of one name, in two namespaces."""
    del templates
    made = []
    for namespace in ("one", "two"):
        helm = Helm(kubectl.within(namespace))
        objects = yaml.safe_load_all(helm("template", "ring", CHART, "--set", "crd.install=false"))
        made.append(
            {
                (each["kind"], each["metadata"]["name"])
                for each in objects
                if each and each["kind"] in {"ClusterRole", "ClusterRoleBinding"}
            }
        )
    assert len(made[0]) == len(made[1]) == 4
    assert not made[0] & made[1]
