"""A small API server and kubelet in memory, for tests of what the operator decides.

It keeps objects by kind and name, gives them uids and versions, refuses what the real one refuses
of it (a taken name, an old version), and carries out actions. Pods do what the test tells them.
"""

import copy
from collections.abc import Iterable
from typing import Any

from ringrun_operator.decide.actions import (
    Action,
    Create,
    CreatePod,
    DeletePod,
    DeleteRun,
    Replace,
)
from ringrun_operator.decide.plan import Plan
from ringrun_operator.decide.reconcile import reconcile
from ringrun_operator.names import orders_name
from ringrun_operator.objects.known import World
from ringrun_operator.objects.settings import Defaults

DEFAULTS = Defaults(image="ringrun:1")


class ApiServer:
    """One RingRun, called demo, and its objects."""

    def __init__(self, now: float = 1000.0, **spec: Any) -> None:
        self.now = now
        self._version = 0
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.made: list[str] = []
        self.refusals: dict[str, str] = {}
        self.taken: dict[str, str] = {}
        self.run = self.put(
            {
                "apiVersion": "ringrun.dev/v1alpha1",
                "kind": "RingRun",
                "metadata": {
                    "name": "demo",
                    "namespace": "lab",
                    "generation": 1,
                    "creationTimestamp": "1970-01-01T00:16:40Z",
                },
                "spec": {"nodes": 3, **spec},
            }
        )

    @property
    def orders_key(self) -> tuple[str, str]:
        """Where the orders are."""
        return "ConfigMap", orders_name("demo", self.run["metadata"]["uid"])

    # As the operator sees it

    def world(self) -> World:
        """Everything, as the watches would have it."""
        found = copy.deepcopy(self.objects)
        return World(
            run=found["RingRun", "demo"],
            pods=tuple(found[key] for key in sorted(found) if key[0] == "Pod"),
            lease=found.get(("Lease", "demo")),
            orders=found.get(self.orders_key),
            result=found.get(("ConfigMap", "demo-result")),
            refusals=dict(self.refusals),
            taken=dict(self.taken),
            token=b"t" * 32,
            mark="feed",
        )

    def look(self) -> Plan:
        """What the operator would do now."""
        return reconcile(self.world(), DEFAULTS, self.now)

    def step(self, *, actions: int | None = None) -> Plan:
        """Look and carry out, the first few actions or all; the status is applied last."""
        plan = self.look()
        self.carry_out(plan.actions[:actions])
        if plan.status is not None and actions is None:
            self.patch("RingRun", "demo", status=plan.status)
        return plan

    def settle(self, most: int = 20) -> Plan:
        """Look and carry out until nothing is left to be done."""
        for _ in range(most):
            plan = self.step()
            if not plan.actions:
                return plan
        raise AssertionError(f"it does not settle: {plan.actions}")

    def carry_out(self, actions: Iterable[Action]) -> None:
        """Do what is asked for, in order; the first conflict ends it."""
        for action in actions:
            match action:
                case Create(object=document) | CreatePod(object=document):
                    key = (document["kind"], document["metadata"]["name"])
                    # One that is there already is taken for ours, as it is in the end.
                    if key not in self.objects:
                        self.put(document)
                        self.made.append(key[1])
                case Replace(object=document):
                    key = (document["kind"], document["metadata"]["name"])
                    kept = self.objects.get(key)
                    version = document["metadata"].get("resourceVersion")
                    if kept is None or kept["metadata"]["resourceVersion"] != version:
                        return
                    self.put(document)
                case DeletePod(name=name, uid=uid):
                    pod = self.objects.get(("Pod", name))
                    if pod is not None and pod["metadata"]["uid"] == uid:
                        self.patch("Pod", name, deletionTimestamp="1970-01-01T00:16:40Z")
                case DeleteRun():
                    self.objects.clear()

    # As users, masters and kubelets change it

    def patch(self, kind: str, name: str, **changes: Any) -> None:
        """Change parts of an object; `deletionTimestamp`, `annotations` go to its metadata."""
        found = copy.deepcopy(self.objects[kind, name])
        for key, value in changes.items():
            place = found["metadata"] if key in {"deletionTimestamp", "annotations"} else found
            place[key] = value
        if "spec" in changes:
            found["metadata"]["generation"] = found["metadata"].get("generation", 0) + 1
        self.put(found)

    def delete(self, kind: str, name: str) -> None:
        """Take an object away, as a user or the garbage collector does."""
        del self.objects[kind, name]

    def pod_names(self) -> list[str]:
        """All pods, whatever their state."""
        return sorted(name for kind, name in self.objects if kind == "Pod")

    def runs(self, *names: str) -> None:
        """The kubelet starts these pods, or all."""
        for name in names or self.pod_names():
            node = name.removeprefix("demo-")
            host = f"10.0.{ord(node[0])}.{node[1:].replace('-', '')}"
            self.patch(
                "Pod",
                name,
                status={
                    "phase": "Running",
                    "podIP": host,
                    "containerStatuses": [
                        {
                            "name": _role(name),
                            "image": "ringrun:1",
                            "ready": True,
                            "state": {"running": {}},
                        }
                    ],
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            )

    def waits(self, name: str, reason: str, message: str) -> None:
        """The kubelet cannot start it."""
        waiting = {"waiting": {"reason": reason, "message": message}}
        status = {"phase": "Pending", "containerStatuses": [_container(name, waiting)]}
        self.patch("Pod", name, status=status)

    def ends(self, name: str, code: int = 137, message: str = "", life: float = 60.0) -> None:
        """Its container ends."""
        end = self.now
        terminated = {
            "exitCode": code,
            "message": message,
            "startedAt": _time(end - life),
            "finishedAt": _time(end),
        }
        status = {
            **self.objects["Pod", name].get("status", {}),
            "containerStatuses": [_container(name, {"terminated": terminated})],
        }
        self.patch("Pod", name, status=status)

    def put(self, document: dict[str, Any]) -> dict[str, Any]:
        """Keep this object under the next version."""
        self._version += 1
        kept = copy.deepcopy(document)
        metadata = kept["metadata"]
        metadata.setdefault("uid", f"u-{self._version}")
        metadata["resourceVersion"] = str(self._version)
        self.objects[kept["kind"], metadata["name"]] = kept
        return kept


def _role(pod: str) -> str:
    return "master" if pod.removeprefix("demo-").startswith("m") else "slave"


def _container(pod: str, state: dict[str, Any]) -> dict[str, Any]:
    return {"name": _role(pod), "image": "x:1", "state": state}


def _time(seconds: float) -> str:
    from ringrun_operator.times import timestamp

    return timestamp(seconds)
