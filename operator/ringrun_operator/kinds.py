"""Kinds of objects that the operator has to do with, and which of them it watches.

Used by the watches, by the controller, which keeps what it wrote of those, and for the paths of all
requests.
"""

from typing import Final, NamedTuple

from ringrun_operator import names


class Kind(NamedTuple):
    """A kind of object; the group is empty for those that were there first."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def group_version(self) -> str:
        """As an object's apiVersion has it."""
        return f"{self.group}/{self.version}" if self.group else self.version


WATCHED: Final = (
    Kind(names.GROUP, names.VERSION, names.PLURAL, names.KIND),
    Kind("", "v1", "pods", "Pod"),
    Kind("", "v1", "configmaps", "ConfigMap"),
    Kind("coordination.k8s.io", "v1", "leases", "Lease"),
)

WRITTEN: Final = (
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "serviceaccounts", "ServiceAccount"),
    Kind("", "v1", "events", "Event"),
    Kind("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    Kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
)
"""Made and never looked at again."""

OPTIONAL: Final = (Kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),)
"""The same, where the administrator wants it; the right is given only then."""

WATCHED_KINDS: Final = frozenset(each.kind for each in WATCHED)


def collection(kind: str, namespace: str) -> str:
    """The path of all objects of this kind in this namespace."""
    return collection_in(_BY_NAME[kind], namespace)


def collection_in(kind: Kind, namespace: str) -> str:
    """The same; an empty namespace is all of them."""
    root = "apis" if kind.group else "api"
    within = f"namespaces/{namespace}/" if namespace else ""
    return f"/{root}/{kind.group_version}/{within}{kind.plural}"


_BY_NAME: Final = {each.kind: each for each in (*WATCHED, *WRITTEN, *OPTIONAL)}
