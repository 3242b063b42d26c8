"""The operator outside of the cluster: as a program at a desk, and under kopf's own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import cluster_runs as runs
from conftest import ROOT
from kubectl import Kubectl

RUN = Path(__file__).parent / "ringrun.yaml"


@pytest.mark.parametrize("program", ["ringrun-operator", "kopf"])
def test_a_run_agrees_by_an_operator_at_a_desk(
    kubectl: Kubectl, no_operator: Callable[[], None], program: str, tmp_path: Path
) -> None:
    """By the user's own kubeconfig, in one namespace; it ends at once when it is told to."""
    no_operator()
    watched = ["-n", kubectl.namespace]
    command = {
        "ringrun-operator": ["ringrun_operator", "--port", "0", "--no-election"],
        "kopf": ["kopf", "run", "--quiet", "-m", "ringrun_operator.handlers"],
    }[program]
    if program == "ringrun-operator":
        watched = ["--namespace", kubectl.namespace, "--kubeconfig", kubectl.kubeconfig]
    path = os.pathsep.join((str(ROOT / "node"), str(ROOT / "operator")))
    with (tmp_path / "log").open("w") as log:
        operator = subprocess.Popen(
            [sys.executable, "-m", *command, *watched],
            env={**os.environ, "PYTHONPATH": path, "KUBECONFIG": kubectl.kubeconfig},
            stdout=log,
            stderr=log,
        )
        try:
            kubectl.apply(runs.load(RUN))
            runs.agreed(kubectl, "outside")
            operator.send_signal(signal.SIGTERM)
            operator.wait(15)
        finally:
            operator.kill()
            operator.wait()
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said, said
