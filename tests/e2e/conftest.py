"""The cluster that the end-to-end tests use, and a namespace of its own for each test.

KUBECONFIG names the cluster. On a failure, the objects, events and logs of the test's namespace
are printed before it is deleted.
"""

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cluster_runs import wait
from kubectl import Kubectl, RefusedError

ROOT = Path(__file__).parents[2]
DEPLOYMENT = "deployment/ringrun-operator"
OPERATORS = ("-l", "app.kubernetes.io/component=operator")


@pytest.fixture(scope="session")
def cluster() -> Kubectl:
    """kubectl for the cluster that KUBECONFIG names, with this tree's CRD applied."""
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        pytest.fail("KUBECONFIG names no cluster: `make e2e` finds or starts one", pytrace=False)
    kubectl = Kubectl(kubeconfig=kubeconfig)
    kubectl("apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "deploy/crd.yaml"))
    kubectl("wait", "--for=condition=Established", "crd/ringruns.ringrun.dev", "--timeout=30s")
    return kubectl


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let the namespace fixture know how its test ended."""
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


_failed = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def operator(cluster: Kubectl) -> None:
    """The operator of this tree's manifests, ready."""
    system = cluster.within("ringrun-system")
    system("apply", "-k", str(ROOT / "deploy"))
    system("rollout", "status", "deployment/ringrun-operator", "--timeout=120s", timeout=130)


@contextmanager
def operator_away(cluster: Kubectl) -> Iterator[None]:
    """The operator of this tree's manifests at rest, if there is one; afterwards back and ready."""
    system = cluster.within("ringrun-system")
    there = system("get", DEPLOYMENT, "--ignore-not-found", "-o", "name").strip()
    if there:
        system("scale", DEPLOYMENT, "--replicas=0")
        wait("no operator", lambda: not system.list("pods", *OPERATORS), 60)
    yield
    if there:
        system("scale", DEPLOYMENT, "--replicas=1")
        system("rollout", "status", DEPLOYMENT, "--timeout=120s", timeout=130)


@pytest.fixture
def no_operator(cluster: Kubectl, operator: None) -> Iterator[Callable[[], None]]:
    """Sends the operator away when called; it is back after the test."""
    del operator
    with ExitStack() as stack:
        yield lambda: stack.enter_context(operator_away(cluster))


@pytest.fixture(scope="module")
def alone(cluster: Kubectl, operator: None) -> Iterator[None]:
    """The operator away for the rest of a module, whose tests install their own."""
    del operator
    with operator_away(cluster):
        yield


@pytest.fixture(autouse=True)
def _operator_where_needed(request: pytest.FixtureRequest) -> None:
    """All scenarios need the operator but those of the schema, which do without any node."""
    if "crd" not in request.path.parts:
        request.getfixturevalue("operator")


@pytest.fixture
def kubectl(cluster: Kubectl, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """kubectl for a namespace of the test's own, deleted afterwards."""
    name = f"ringrun-e2e-{uuid.uuid4().hex[:8]}"
    cluster("create", "namespace", name)
    # Pods must pass the strictest standard, so the namespace enforces it.
    cluster("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    within = cluster.within(name)
    yield within
    if request.node.stash.get(_failed, False):
        print(describe(within))
    cluster("delete", "namespace", name, "--wait=false")


def describe(kubectl: Kubectl) -> str:
    """All that helps to understand a failure: objects, events, the last lines of each pod."""
    parts = []
    for what in (
        ("get", "ringruns,pods,configmaps,leases", "-o", "wide"),
        ("get", "ringruns,leases", "-o", "yaml"),
        ("get", "events", "--sort-by=.lastTimestamp"),
    ):
        try:
            parts.append(f"$ kubectl {' '.join(what)}\n{kubectl(*what)}")
        except (RefusedError, subprocess.TimeoutExpired) as error:
            parts.append(f"$ kubectl {' '.join(what)}\n{error}")
    try:
        for pod in kubectl.list("pods"):
            name = pod["metadata"]["name"]
            parts.append(f"$ kubectl logs {name}\n{kubectl('logs', name, '--tail=50')}")
    except (RefusedError, subprocess.TimeoutExpired) as error:
        parts.append(str(error))
    return "\n\n".join(parts)
