"""The Helm chart against what it must equal: the CRD, the operator's rules, the README's table."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/ringrun"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_the_charts_schema_is_the_one_source() -> None:
    """`make chart` copies it; nobody edits the copy."""
    assert (CHART / "files/crd.yaml").read_text() == (ROOT / "deploy/crd.yaml").read_text()


def test_the_template_can_find_where_to_say_keep() -> None:
    """The CRD survives an uninstall, and the runs with it."""
    template = (CHART / "templates/crd.yaml").read_text()
    sought = template.split('$there := "')[1].split('"')[0].replace(r"\n", "\n")
    assert (CHART / "files/crd.yaml").read_text().count(sought) == 1
    assert "helm.sh/resource-policy: keep" in template
    # Go's template marks would be taken for Helm's.
    assert "{{" not in (CHART / "files/crd.yaml").read_text()


def test_chart_and_manifests_grant_the_same() -> None:
    """The operator's rights do not hang on how it was installed."""
    helpers = (CHART / "templates/_helpers.tpl").read_text()
    text = helpers.split('{{- define "ringrun.rules" -}}\n')[1].split("{{- end }}")[0]
    (role,) = (
        each
        for each in yaml.safe_load_all((ROOT / "deploy/rbac.yaml").read_text())
        if each["kind"] == "ClusterRole" and each["metadata"]["name"] == "ringrun-operator"
    )
    assert yaml.safe_load(text) == role["rules"]
    overlay = (ROOT / "overlays/namespaced/role.yaml").read_text()
    in_one_namespace = next(yaml.safe_load_all(overlay))
    assert in_one_namespace["rules"] == role["rules"]


GROUPS = ["image", "crd", "rbac", "serviceAccount", "podDisruptionBudget", "service", "podMonitor"]
GROUPS += ["networkPolicy"]


@pytest.mark.parametrize("key", [*GROUPS, "test", ""])
def test_every_value_is_in_the_schema(key: str) -> None:
    """A value that the schema lacks would be refused, though it is the default."""
    values, schema = load(CHART / "values.yaml"), load(CHART / "values.schema.json")
    if key:
        values, schema = values[key], schema["properties"][key]
    # Those two belong to charts that have this one as a dependency.
    foreign = set() if key else {"global", "enabled"}
    assert set(values) == set(schema["properties"]) - foreign
    assert schema["additionalProperties"] is False


def test_what_may_be_said_of_all_runs_is_what_a_run_may_say() -> None:
    """A key of spec.template that the chart refused could not be given to all."""
    crd = load(ROOT / "deploy/crd.yaml")
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    template = spec["properties"]["template"]["properties"]
    runs = load(CHART / "values.schema.json")["properties"]["runs"]
    assert runs["properties"] == {name: {"type": each["type"]} for name, each in template.items()}
    assert runs["additionalProperties"] is False


def test_the_readme_is_the_generated_one() -> None:
    """`make chart` writes it from values.yaml."""
    made = subprocess.run(
        [sys.executable, str(ROOT / "charts/readme.py")], capture_output=True, text=True, check=True
    )
    assert (CHART / "README.md").read_text() == made.stdout
