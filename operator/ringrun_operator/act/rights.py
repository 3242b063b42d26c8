"""What the operator has to be allowed: a right for each thing it does, as in deploy/rbac.yaml.

Asked for by `act.reach`. A namespace that is empty means all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ringrun_operator import names

USED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    (names.GROUP, names.PLURAL): ("get", "list", "watch", "delete"),
    (names.GROUP, f"{names.PLURAL}/status"): ("patch",),
    ("", "pods"): ("get", "list", "watch", "create", "patch", "delete"),
    ("", "configmaps"): ("get", "list", "watch", "create", "update"),
    ("", "secrets"): ("create",),
    ("", "serviceaccounts"): ("create",),
    ("rbac.authorization.k8s.io", "roles"): ("create",),
    ("rbac.authorization.k8s.io", "rolebindings"): ("create",),
    ("coordination.k8s.io", "leases"): ("get", "list", "watch", "create", "update"),
    ("", "events"): ("list", "create", "patch"),
}

NETWORK_POLICIES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("networking.k8s.io", "networkpolicies"): ("create",),
}
"""Where runs are to have them."""

ELECTION: Final = ("get", "create", "update")
"""What is done with the operators' own lease."""

TOLD: Final = 4
"""This many things that are not allowed are named; of more it is said how many there are."""


class Right(NamedTuple):
    """To do this with such objects; `resource` may have a part (`ringruns/status`)."""

    verb: str
    group: str
    resource: str
    namespace: str

    @property
    def in_words(self) -> str:
        """`create pods`, `watch ringruns.ringrun.dev`."""
        resource, slash, part = self.resource.partition("/")
        return f"{self.verb} {resource}{'.' if self.group else ''}{self.group}{slash}{part}"


def needed(
    namespaces: Sequence[str], lease_namespace: str, *, network_policies: bool = False
) -> tuple[Right, ...]:
    """Every right once; no namespaces: in all of them; no lease's namespace: no election."""
    used = {**USED, **(NETWORK_POLICIES if network_policies else {})}
    rights = [
        Right(verb, group, resource, namespace)
        for namespace in namespaces or ("",)
        for (group, resource), verbs in used.items()
        for verb in verbs
    ]
    if lease_namespace and namespaces and lease_namespace not in namespaces:
        rights += [
            Right(verb, "coordination.k8s.io", "leases", lease_namespace) for verb in ELECTION
        ]
    return tuple(rights)


def missing_in_words(missing: Iterable[Right]) -> str:
    """`the operator may not create pods (in namespace lab)`; empty if nothing is missing."""
    where: dict[str, list[str]] = {}
    rights = list(missing)
    for right in rights[:TOLD]:
        where.setdefault(right.namespace, []).append(right.in_words)
    told = "; ".join(
        f"{', '.join(words)} ({f'in namespace {namespace}' if namespace else 'in all namespaces'})"
        for namespace, words in where.items()
    )
    more = len(rights) - TOLD
    rest = f", and {more} more" if more > 0 else ""
    return f"the operator may not {told}{rest}: see deploy/rbac.yaml" if told else ""
