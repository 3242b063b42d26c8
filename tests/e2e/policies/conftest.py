"""Namespaces with demands: admission policies, a quota, tainted nodes, a registry with a password.

All but the taint is bound to the namespaces of these tests, and all of it goes with them.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl import Kubectl, RefusedError

HERE = Path(__file__).parent
CHART = HERE.parents[2] / "charts/ringrun"
SECRET = "ringrun-registry"
TAINT = "ringrun-e2e"

Install = Callable[[dict[str, Any]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A registry with a password, with the image of this tree; `secret` is data of a Secret."""

    host: str
    secret: dict[str, str]

    @property
    def repository(self) -> str:
        return f"{self.host}/ringrun/ringrun"


@pytest.fixture(scope="module")
def policies(cluster: Kubectl) -> Iterator[None]:
    """The policies of uids.yaml and sidecars.yaml, which namespaces choose by a label."""
    try:
        cluster("get", "mutatingadmissionpolicies.v1.admissionregistration.k8s.io")
    except RefusedError as error:
        pytest.skip(f"this API server serves no MutatingAdmissionPolicy: {error}")
    files = [word for each in ("uids", "sidecars") for word in ("-f", str(HERE / f"{each}.yaml"))]
    cluster("apply", *files)
    yield
    cluster("delete", "--ignore-not-found", *files)


@pytest.fixture
def install(kubectl: Kubectl, alone: None) -> Install:
    """Installs the chart in the test's namespace with these values, waits for it, and gives what
    `helm test` then says; the namespace takes all of it along."""
    del alone
    if shutil.which("helm") is None:
        pytest.skip("there is no helm")

    def helm(*arguments: str, stdin: str | None = None) -> str:
        where = ["--kubeconfig", kubectl.kubeconfig, "-n", kubectl.namespace]
        done = subprocess.run(
            ["helm", *arguments, *where],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def installed(values: dict[str, Any]) -> str:
        given = {"scope": "namespaced", "crd": {"install": False}, **values}
        options = ["--values", "-", "--wait", "--timeout", "90s"]
        helm("install", "strict", str(CHART), *options, stdin=yaml.safe_dump(given))
        return helm("test", "strict", "--timeout", "90s")

    return installed


@pytest.fixture
def tainted(cluster: Kubectl) -> Iterator[dict[str, str]]:
    """A taint on every cluster node, and what tolerates it."""
    cluster("taint", "nodes", "--all", "--overwrite", f"{TAINT}=yes:NoSchedule")
    yield {"key": TAINT, "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
    cluster("taint", "nodes", "--all", f"{TAINT}-")


@pytest.fixture(scope="session")
def registry(cluster: Kubectl) -> Registry:
    """The registry of tests/cluster, by the Secret in which it says where it is."""
    found = cluster.within("kube-system")
    said = found("get", "secret", SECRET, "--ignore-not-found", "-o", "json")
    if not said:
        pytest.skip("this cluster has no registry with a password (tests/cluster/up.sh --registry)")
    data = json.loads(said)["data"]
    [host] = json.loads(base64.b64decode(data[".dockerconfigjson"]))["auths"]
    return Registry(host=host, secret=data)


@pytest.fixture
def pull_secret(kubectl: Kubectl, registry: Registry) -> str:
    """The name of a pull secret for that registry in the test's namespace."""
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET},
            "type": "kubernetes.io/dockerconfigjson",
            "data": registry.secret,
        }
    )
    return SECRET
