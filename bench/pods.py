"""The ring's rate in pods on one cluster node against `ringrun run` on the same machine.

    KUBECONFIG=... .venv/bin/python bench/pods.py [--rounds 5] [--nodes 4] [--seconds 5]

Interleaved, each model; prints the median rates and their ratio. It wants a cluster with the
operator installed and kubectl in PATH, and leaves nothing behind. Exit code 1 if one did not agree.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

MODELS = ("lockstep", "window", "train")
NAMESPACE = "ringrun-bench"


def kubectl(*arguments: str, given: str | None = None) -> str:
    """What kubectl prints; CalledProcessError if it fails."""
    done = subprocess.run(
        ["kubectl", "-n", NAMESPACE, *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def resource(model: str, nodes: int, seconds: float, cluster_node: str | None) -> dict[str, Any]:
    """The RingRun; with a cluster node, all of its pods go there."""
    spec: dict[str, Any] = {
        "nodes": nodes,
        "model": model,
        "periods": {"sendMilliseconds": int(seconds * 1000), "graceMilliseconds": 500},
    }
    if cluster_node is not None:
        spec["template"] = {"nodeSelector": {"kubernetes.io/hostname": cluster_node}}
    return {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "RingRun",
        "metadata": {"name": f"bench-{model}"},
        "spec": spec,
    }


def in_pods(run: dict[str, Any]) -> dict[str, Any]:
    """The report of one run on the cluster."""
    name = run["metadata"]["name"]
    kubectl("apply", "-f", "-", given=json.dumps(run))
    kubectl("wait", "--for=condition=Finished", f"rrun/{name}", "--timeout=180s")
    data = json.loads(kubectl("get", "configmap", f"{name}-result", "-o", "json"))["data"]
    kubectl("delete", "rrun", name, "--wait=true")
    kubectl("wait", "--for=delete", "pod", "-l", f"app.kubernetes.io/instance={name}")
    report: dict[str, Any] = json.loads(data["report.json"])
    return report


def here(run: dict[str, Any]) -> dict[str, Any]:
    """The report of one run of processes on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.yaml"
        path.write_text(json.dumps(run))
        command = [sys.executable, "-m", "ringrun", "run", str(path), "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def main() -> int:
    """All rounds, then a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    subprocess.run(["kubectl", "create", "namespace", NAMESPACE], check=False, capture_output=True)
    listed = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
    cluster_node = listed[0]["metadata"]["labels"]["kubernetes.io/hostname"]
    rates: dict[tuple[str, str], list[float]] = {}
    agreed = True
    for turn in range(options.rounds):
        for model in MODELS:
            for place, one in (("pods", in_pods), ("here", here)):
                target = cluster_node if place == "pods" else None
                report = one(resource(model, options.nodes, options.seconds, target))
                agreed = agreed and report["verdict"] == "Agreed"
                rates.setdefault((model, place), []).append(report["rate"])
                print(f"round {turn + 1}  {model} {place}: {report['rate']:,.0f}/s", flush=True)
    for model in MODELS:
        pods = statistics.median(rates[model, "pods"])
        local = statistics.median(rates[model, "here"])
        print(f"{model:8s} pods {pods:14,.0f}/s  here {local:14,.0f}/s  ratio {pods / local:.2f}")
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
