"""The chart in namespaces, without any ClusterRole: install, test, upgrade, uninstall; twice,
elsewhere, after kubectl, without rights, and as a part of another chart.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
    said = kubectl("logs", pod["metadata"]["name"])
    assert "not ready: the operator may not get ringruns.ringrun.dev" in said
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


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


def test_a_team_installs_with_the_rights_of_its_namespace(kubectl: Kubectl, helm: Helm) -> None:
    """Given once what overlays/teams has: no right outside of the namespace, not even to look."""
    kubectl("apply", "--server-side", "--force-conflicts", "-k", str(ROOT / "overlays/teams"))
    try:
        kubectl("create", "serviceaccount", "team")
        account = f"{kubectl.namespace}:team"
        kubectl(
            "create", "rolebinding", "team", "--clusterrole=admin", f"--serviceaccount={account}"
        )
        team = ["--kube-as-user", f"system:serviceaccount:{account}"]
        runs.wait("rights", lambda: may(kubectl, account, "patch", "ringruns/status"), 30)
        settings = [*NAMESPACED, "--set", "crd.install=false,networkPolicy.enabled=true"]
        settings += ["--set", "networkPolicy.runs=true"]
        assert "kubectl" in helm("install", "team", CHART, *settings, *team)
        assert "Succeeded" in helm("test", "team", "--timeout", "150s", *team)
        helm("uninstall", "team", "--wait", *team)
    finally:
        kubectl("delete", "clusterrole", "ringrun-admin")


def may(kubectl: Kubectl, account: str, verb: str, resource: str) -> bool:
    """Whether this account may do that in the namespace."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{account}",
            "resourceAttributes": {
                "namespace": kubectl.namespace,
                "verb": verb,
                "group": "ringrun.dev",
                "resource": resource.partition("/")[0],
                "subresource": resource.partition("/")[2],
            },
        },
    }
    answer = kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(review))
    return bool(json.loads(answer)["status"]["allowed"])


class Strict(yaml.SafeLoader):
    """A key that is there twice is wrong, as it is for kustomize and for other tools."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
        assert len(keys) == len(set(keys)), f"{sorted(keys)}: {node.start_mark}"
        return super().construct_mapping(node, deep)


def made_of(helm: Helm, release: str, *settings: str) -> list[dict[str, Any]]:
    """The objects of a release, the test's among them."""
    text = helm("template", release, CHART, *settings)
    return [each for each in yaml.load_all(text, Strict) if each]


SAID_TWICE = [
    "commonLabels.team=a",
    "podLabels.team=b",
    "runs.labels.team=c",
    r"commonLabels.app\.kubernetes\.io/part-of=platform",
    r"podLabels.app\.kubernetes\.io/component=mine",
    r"runs.labels.sidecar\.istio\.io/inject=yes",
    r"runs.annotations.linkerd\.io/inject=enabled",
    "podMonitor.labels.team=d",
]
ALL_OBJECTS = "networkPolicy.enabled=true,podMonitor.enabled=true,service.enabled=true"
ALL_OBJECTS += ",podDisruptionBudget.enabled=true"


def test_common_labels_are_on_every_object_and_no_key_is_there_twice(templates: Helm) -> None:
    """On what `helm test` makes too; what objects are found by stays."""
    said = [f"--set-string={each}" for each in SAID_TWICE]
    made = made_of(templates, "ring", "--set", ALL_OBJECTS, *said)
    labels = {(each["kind"], each["metadata"]["name"]): each["metadata"]["labels"] for each in made}
    assert {each["team"] for each in labels.values()} == {"a", "d"}
    assert {each["app.kubernetes.io/part-of"] for each in labels.values()} == {"platform"}
    (deployment,) = (each for each in made if each["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["metadata"]["labels"]
    assert pod["team"] == "b"
    assert pod.items() >= deployment["spec"]["selector"]["matchLabels"].items()
    (test,) = (each for each in made if each["kind"] == "Pod")
    assert test["metadata"]["labels"]["sidecar.istio.io/inject"] == "yes"
    assert test["metadata"]["labels"]["istio.io/dataplane-mode"] == "none"
    assert test["metadata"]["annotations"]["linkerd.io/inject"] == "enabled"
    assert test["metadata"]["annotations"]["dapr.io/enabled"] == "false"


def test_any_name_of_a_release_will_do(kubectl: Kubectl, templates: Helm) -> None:
    """Dots, digits alone, words that YAML takes for something else: the API server takes them."""
    for release in ("my.ring", "123", "true", "x" * 53):
        made = made_of(
            templates, release, "--set", f"{ALL_OBJECTS},podMonitor.enabled=false,crd.install=false"
        )
        (test,) = (each for each in made if each["kind"] == "Pod")
        # The API server looks for the account, which nobody made.
        test["spec"]["serviceAccountName"] = "default"
        (name,) = (each for each in test["spec"]["containers"][0]["args"] if "--name=" in each)
        run = runs.load(RUN)
        run["metadata"]["name"] = name.partition("=")[2]
        objects = {"apiVersion": "v1", "kind": "List", "items": [*made, run]}
        kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(objects))


def test_wrong_values_are_told_in_words(templates: Helm) -> None:
    """Rule, value and place; values of an older chart are not guessed at."""
    with pytest.raises(HelmError, match=r"namespaces is for scope=namespaced; .* namespaces is a"):
        templates("template", "ring", CHART, "--set", "namespaces={a}")
    with pytest.raises(HelmError, match="'nodeselector' not allowed"):
        templates("template", "ring", CHART, "--set", "runs.nodeselector.a=b")
    with pytest.raises(HelmError, match="missing property 'runs'"):
        templates("template", "ring", CHART, "--set", "runs=null")
