"""The journals of a run in pods, written to a volume, hold what the promises say."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import cluster_runs as runs
from kubectl import Kubectl

HERE = Path(__file__).parent
INCOMPLETE = 3
STATE = Path(os.environ.get("K8S_STATE", "/tmp/ringrun-cluster"))


@pytest.fixture
def journals(kubectl: Kubectl) -> Path:
    """The folder of a volume, seen from this machine; skipped where there is no such thing."""
    classes = {each["metadata"]["name"] for each in kubectl.list("storageclasses")}
    if "local" not in classes or not STATE.exists():
        pytest.skip("no volumes that this machine can read: make cluster-up CLUSTER_ARGS=--pv")
    kubectl.apply(yaml.safe_load((HERE / "claim.yaml").read_text()))
    kubectl.apply(runs.load(HERE / "ringrun.yaml"))
    runs.wait_phase(kubectl, "written", "SEND")
    volume = kubectl.get("pvc", "journal")["spec"]["volumeName"]
    (folder,) = STATE.glob(f"node*/local/{volume}")
    return folder


def verify(kubectl: Kubectl, folder: Path) -> None:
    """`ringrun verify` on what the pods wrote and the report says."""
    (folder / "report.json").write_text(json.dumps(runs.report(kubectl, "written")))
    for left in reversed(range(20)):
        done = subprocess.run(
            [sys.executable, "-m", "ringrun", "verify", str(folder)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[2] / "node")},
        )
        # The report is there before the last process has ended.
        if done.returncode != INCOMPLETE or not left:
            break
        time.sleep(0.5)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Clean." in done.stdout


def test_an_undisturbed_run_is_clean(kubectl: Kubectl, journals: Path) -> None:
    """G1 to G12 hold in pods as they do on one machine."""
    runs.agreed(kubectl, "written")
    verify(kubectl, journals)


def test_a_run_that_lost_a_slave_and_its_leader_is_clean(kubectl: Kubectl, journals: Path) -> None:
    """The journals of the dead are read too."""
    leader = runs.status(kubectl, "written")["master"]["pod"]
    os.kill(runs.process(kubectl, "written-s1-1"), signal.SIGKILL)
    kubectl("delete", "pod", leader, "--wait=false")
    runs.agreed(kubectl, "written")
    verify(kubectl, journals)
