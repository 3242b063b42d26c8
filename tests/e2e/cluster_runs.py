"""What end-to-end tests do with a run: read its YAML, apply it, wait for it, read its outcome.

Nothing here decides whether a test passes but `agreed`, which is what nearly all of them want.
"""

import json
import time
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl import Kubectl

LOOK_EVERY = 0.2


def load(path: Path, **spec: Any) -> dict[str, Any]:
    """The RingRun in a file, with these fields of its spec changed."""
    run: dict[str, Any] = yaml.safe_load(path.read_text())
    run["spec"].update(spec)
    return run


def wait(what: str, found: Callable[[], Any], timeout: float = 60.0) -> Any:
    """What `found` gives as soon as it gives something; AssertionError after the timeout."""
    deadline = time.monotonic() + timeout
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not within {timeout:g} s"
        time.sleep(LOOK_EVERY)


def status(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """The status of a run; empty before there is one."""
    found: dict[str, Any] = kubectl.get("rrun", name).get("status", {})
    return found


def conditions(kubectl: Kubectl, name: str) -> dict[str, dict[str, Any]]:
    """The conditions of a run by their type."""
    return {each["type"]: each for each in status(kubectl, name).get("conditions", ())}


def wait_phase(kubectl: Kubectl, name: str, phase: str, timeout: float = 60.0) -> None:
    """Until the run is in this phase."""
    wait(f"phase {phase}", lambda: status(kubectl, name).get("phase") == phase, timeout)


def finish(kubectl: Kubectl, name: str, timeout: float = 120.0) -> dict[str, Any]:
    """Wait as a user does; the status at the end."""
    seconds = f"--timeout={timeout:g}s"
    kubectl("wait", "--for=condition=Finished", f"rrun/{name}", seconds, timeout=timeout + 10)
    return status(kubectl, name)


def report(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """The report in the result ConfigMap."""
    data = kubectl.get("configmap", f"{name}-result")["data"]
    found: dict[str, Any] = json.loads(data["report.json"])
    return found


def pods(kubectl: Kubectl, name: str, role: str | None = None) -> list[dict[str, Any]]:
    """The pods of a run, in the order of their names."""
    selector = f"ringrun.dev/run={name}" + (f",ringrun.dev/role={role}" if role else "")
    return kubectl.list("pods", "-l", selector)


def agreed(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """The status of a run that agreed: the same result in status, report, logs and termination
    messages of all slaves that counted to the end."""
    found = finish(kubectl, name)
    assert found["verdict"] == "Agreed", json.dumps(found, indent=1)
    told = report(kubectl, name)
    result = found["result"]
    assert found["count"] == result["count"] == told["count"] > 0
    assert (result["sum"], result["digest"]) == (told["sum"], told["digest"])
    # Not `final`: a slave that no CLOSE reached in time, since a leader was succeeded then, gives
    # what it approved, and that agrees all the same.
    alike = [slave for slave in told["slaves"] if slave["digest"] == result["digest"]]
    assert all(slave in alike for slave in told["slaves"] if slave["final"])
    last = {slave["ordinal"]: slave for slave in sorted(alike, key=itemgetter("incarnation"))}
    assert len(last) == found["slaves"]["desired"], told["slaves"]
    line = f"count {result['count']} sum {result['sum']} digest {result['digest']}"
    for slave in last.values():
        pod = f"{name}-s{slave['ordinal']}-{slave['incarnation']}"
        assert line in kubectl("logs", pod).splitlines()[-1]
        message = wait(f"termination of {pod}", lambda pod=pod: termination(kubectl, pod))
        assert (message["count"], message["digest"]) == (result["count"], result["digest"])
    held = {each["type"]: each["status"] for each in found["conditions"]}
    assert held["Succeeded"] == held["ResultsAgree"] == held["ResultsCollected"] == "True"
    return found


def termination(kubectl: Kubectl, pod: str) -> dict[str, Any] | None:
    """The result in a pod's termination message, once its container has ended."""
    for each in kubectl.get("pod", pod)["status"].get("containerStatuses", ()):
        message = each["state"].get("terminated", {}).get("message")
        if message:
            found: dict[str, Any] = json.loads(message)
            return found
    return None


def process(kubectl: Kubectl, pod: str) -> int:
    """The process of a pod, seen from this machine; the test is skipped where it runs elsewhere."""
    run, node = pod.rsplit("-", 2)[0], pod.split("-", 1)[1]
    role = ["slave", "--ordinal", node[1:].split("-")[0]]
    if node.startswith("m"):
        role = ["master", "--number", node.split("-")[0].removeprefix("m")]
    address = kubectl.get("pod", pod)["status"]["podIP"]
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().decode().split("\0")
            environment = (each / "environ").read_bytes().decode().split("\0")
        except OSError:
            continue
        mine = {f"RINGRUN_RUN={run}", f"RINGRUN_ADDRESS={address}"} <= set(environment)
        if "_pod" in words and mine and words[words.index("_pod") + 1 :][:3] == role:
            return int(each.name)
    pytest.skip("the cluster's nodes are not on this machine")
