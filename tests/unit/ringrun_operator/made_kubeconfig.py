"""A kubeconfig for a server of the test's own."""

from pathlib import Path

import yaml


def kubeconfig(folder: Path, server: str) -> str:
    """The path of a file as kubectl has it."""
    document = {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {}}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return str(path)
