"""`Kubectl`: the cluster under test, through the program that users have.

Every end-to-end test talks to the cluster through this alone, so that what passes here is what a
user would see. Leaves out: starting a cluster (conftest.py chooses one).
"""

import json
import subprocess
from dataclasses import dataclass, replace
from typing import Any


class RefusedError(Exception):
    """kubectl ended with a failure; the text is what the user would read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubectl:
    """kubectl for one kubeconfig and one namespace."""

    kubeconfig: str
    namespace: str = "default"

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 60.0) -> str:
        """What kubectl printed; RefusedError with its words if it failed."""
        command = ["kubectl", "--kubeconfig", self.kubeconfig, "-n", self.namespace, *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
        if done.returncode:
            raise RefusedError(done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def within(self, namespace: str) -> "Kubectl":
        return replace(self, namespace=namespace)

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects as a user applies a file."""
        for each in objects:
            self("apply", "-f", "-", stdin=json.dumps(each))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("get", kind, name, "-o", "json"))
        return found

    def list(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("get", kind, "-o", "json", *arguments))[
            "items"
        ]
        return found

    def patch(self, kind: str, name: str, change: dict[str, Any], *arguments: str) -> None:
        self("patch", kind, name, "--type", "merge", "-p", json.dumps(change), *arguments)
