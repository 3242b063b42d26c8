"""A kubeconfig for a server on loopback."""

from pathlib import Path
from typing import Any

import yaml


def kubeconfig(folder: Path, server: str, **user: Any) -> str:
    """A file as kubectl has it."""
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
