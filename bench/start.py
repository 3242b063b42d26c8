"""From `kubectl apply` to SEND, against what the same pods take to be Ready when made by hand.

    KUBECONFIG=... .venv/bin/python bench/start.py [--rounds 3] [--nodes 4,16]

Each round applies a run, then makes its pods (slaves and masters) once more by hand, all at once.
It wants a cluster with the operator installed and kubectl in PATH, and leaves nothing behind.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from pods import NAMESPACE, kubectl

SELECTOR = "bench=by-hand"
ADDED = "kube-api-access"
"""What the API server mounts into every pod by itself begins with this."""


def resource(nodes: int) -> dict[str, Any]:
    """A run that sends for long enough to be seen sending."""
    return {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "RingRun",
        "metadata": {"name": "bench-start"},
        "spec": {"nodes": nodes, "periods": {"sendMilliseconds": 5000, "graceMilliseconds": 500}},
    }


def applied(nodes: int) -> tuple[float, list[dict[str, Any]]]:
    """Seconds from apply to SEND, and the run's pods once it is over."""
    begun = time.monotonic()
    kubectl("apply", "-f", "-", given=json.dumps(resource(nodes)))
    kubectl("wait", "--for=jsonpath={.status.phase}=SEND", "rrun/bench-start", "--timeout=120s")
    taken = time.monotonic() - begun
    kubectl("wait", "--for=condition=Finished", "rrun/bench-start", "--timeout=120s")
    found: list[dict[str, Any]] = json.loads(kubectl("get", "pods", "-o", "json"))["items"]
    return taken, found


def copied(pod: dict[str, Any]) -> dict[str, Any]:
    """The same pod under another name, for anybody to schedule."""
    spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
    spec["volumes"] = [v for v in spec["volumes"] if not v["name"].startswith(ADDED)]
    for container in spec["containers"]:
        mounts = container["volumeMounts"]
        container["volumeMounts"] = [m for m in mounts if not m["name"].startswith(ADDED)]
    key, value = SELECTOR.split("=")
    name = f"hand-{pod['metadata']['name']}"
    metadata = {"name": name, "labels": {key: value}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def by_hand(pods: list[dict[str, Any]]) -> float:
    """Seconds until all of these are Ready."""
    listed = {"apiVersion": "v1", "kind": "List", "items": [copied(pod) for pod in pods]}
    begun = time.monotonic()
    kubectl("create", "-f", "-", given=json.dumps(listed))
    kubectl("wait", "--for=condition=Ready", "pods", "-l", SELECTOR, "--timeout=120s")
    return time.monotonic() - begun


def main() -> int:
    """All rounds, then a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", default="4,16")
    options = parser.parse_args()
    subprocess.run(["kubectl", "create", "namespace", NAMESPACE], check=False, capture_output=True)
    for nodes in map(int, options.nodes.split(",")):
        ratios = []
        for _ in range(options.rounds):
            ours, pods = applied(nodes)
            hand = by_hand(pods)
            ratios.append(ours / hand)
            print(f"n={nodes}: to SEND {ours:.2f} s, by hand to Ready {hand:.2f} s", flush=True)
            kubectl("delete", "pods", "-l", SELECTOR, "--grace-period=1")
            kubectl("delete", "rrun", "bench-start")
            kubectl("wait", "--for=delete", "pods", "--all", "--timeout=60s")
        print(f"n={nodes}: ratio {statistics.median(ratios):.2f}")
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    return 0


if __name__ == "__main__":
    sys.exit(main())
