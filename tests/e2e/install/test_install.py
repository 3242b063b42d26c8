"""The chart in one namespace, without any ClusterRole: install, test, upgrade, uninstall."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import cluster_runs as runs
from kubectl import Kubectl

ROOT = Path(__file__).parents[3]
RUN = Path(__file__).parent / "ringrun.yaml"


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
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


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
