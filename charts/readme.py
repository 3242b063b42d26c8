"""Print the chart's README, made of Chart.yaml and the comments in values.yaml (`make chart`)."""

import re
from pathlib import Path

import yaml

CHART = Path(__file__).parent / "ringrun"

TEXT = """\
# {name}

{description}.

Made by `make chart` from values.yaml; edit that.

## Install

```
$ helm install ringrun charts/ringrun --namespace ringrun-system --create-namespace
$ helm test ringrun --namespace ringrun-system
```

The CRD comes with the release and stays when it is uninstalled, so runs and results do too:
`kubectl delete crd ringruns.ringrun.dev` removes them all. In a namespace of one's own, without any
ClusterRole; the CRD, and the rights to give, come beforehand from whoever may:

```
$ kubectl apply -k overlays/teams
$ helm install ringrun charts/ringrun --set scope=namespaced,crd.install=false
```

## Values

| value | default | |
|---|---|---|
{rows}
"""


def rows() -> list[str]:
    """A row for each value that has a comment `# -- ...` above it."""
    found, path, words = [], [], ""
    for line in (CHART / "values.yaml").read_text().splitlines():
        if match := re.match(r"\s*# -- (.*)", line):
            words = match[1]
        elif match := re.match(r"( *)([A-Za-z]+):(.*)", line):
            depth = len(match[1]) // 2
            path[depth:] = [match[2]]
            if words:
                found.append((".".join(path), words))
                words = ""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    return [f"| `{name}` | `{shown(values, name)}` | {words} |" for name, words in found]


def shown(values: object, name: str) -> str:
    """The default under this dotted name, in one line of YAML."""
    for key in name.split("."):
        assert isinstance(values, dict)
        values = values[key]
    return yaml.safe_dump(values, default_flow_style=True, width=1000).split("\n")[0]


if __name__ == "__main__":
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    print(
        TEXT.format(name=chart["name"], description=chart["description"], rows="\n".join(rows())),
        end="",
    )
