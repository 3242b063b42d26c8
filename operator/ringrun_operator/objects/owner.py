"""The RingRun as the owner of objects: what they are called, and whose one is that is not its own.

Used wherever an object is built, or found under a name of the run. Only an object whose controller
is this very run is ever used (`ringrun.record.owned`): one that merely has the name is somebody
else's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringrun.record.owned import controller_of
from ringrun_operator import names

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The RingRun that owns the objects of a run.

    `mark` is the part of some names that was chosen when the run was taken up, `orders` the name of
    its orders where these are there already.
    """

    name: str
    namespace: str
    uid: str
    mark: str = ""
    orders: str = ""

    @property
    def orders_name(self) -> str:
        """The ConfigMap of the orders."""
        return self.orders or names.orders_name(self.name, self.uid)

    @property
    def token_name(self) -> str:
        """The Secret of the run's token."""
        return names.token_name(self.name, self.mark)

    @property
    def account_name(self) -> str:
        """ServiceAccount, Role and RoleBinding of the masters."""
        return names.master_account(self.name, self.mark)

    def policy_name(self, role: names.Role) -> str:
        """The NetworkPolicy of the slaves, or of the masters."""
        return f"{self.name}-{role.value}s-{self.mark}"

    def metadata(self, name: str, labels: Mapping[str, str]) -> Object:
        """Metadata of an object that goes when the RingRun goes."""
        return {
            "name": name,
            "namespace": self.namespace,
            "labels": dict(labels),
            "ownerReferences": [
                {
                    "apiVersion": names.API_VERSION,
                    "kind": names.KIND,
                    "name": self.name,
                    "uid": self.uid,
                    "controller": True,
                    # Blocking would need rights on the RingRun's finalizers, for nothing.
                    "blockOwnerDeletion": False,
                }
            ],
        }


def is_left_by_another(found: Mapping[str, Any], run: str) -> bool:
    """Whether a run of the same name left it, which goes by itself, or it is going already."""
    owner = controller_of(found)
    return "deletionTimestamp" in found["metadata"] or (
        owner.get("kind") == names.KIND and owner.get("name") == run
    )


def whose(found: Mapping[str, Any], run: str) -> str:
    """Whom an object belongs to that is not this run's, in words."""
    owner = controller_of(found)
    if is_left_by_another(found, run):
        return "it is left of a run of this name that was deleted, and is about to go"
    if not owner:
        return "it belongs to nobody"
    return f"it belongs to {owner.get('kind', '')} {owner.get('name', '')}".rstrip()
