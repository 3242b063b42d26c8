"""A kubeconfig for a server of the test's own."""

from pathlib import Path
from typing import Any

import yaml


def kubeconfig(folder: Path, server: str, **user: Any) -> str:
    """The path of a file as kubectl has it; in context `other` nobody is anyone."""
    path = folder / "config"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "contexts": [
            {"name": "lab", "context": {"cluster": "here", "user": "me"}},
            {"name": "other", "context": {"cluster": "here", "user": "nobody"}},
        ],
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": user}, {"name": "nobody", "user": {}}],
    }
    path.write_text(yaml.safe_dump(document))
    return str(path)
