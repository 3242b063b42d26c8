"""NetworkPolicies of a run: who of its pods may speak with whom, for clusters that allow nothing.

Made by `decide.beginning` where the administrator wants it. A slave listens on one port, for slaves
and masters of its run, and dials slaves alone; a master dials slaves and the API server, and nobody
dials it. The API server has no label and no address that is the same everywhere, so masters may
speak to any address on the ports that the administrator named, and on those of DNS: some clusters
give pods the API server by name.
"""

from collections.abc import Sequence
from typing import Any, Final

from ringrun_operator import names
from ringrun_operator.names import Role
from ringrun_operator.objects.owner import Object, Owner
from ringrun_operator.objects.pods import SLAVE_PORT


def network_policies(owner: Owner, api_server_ports: Sequence[int]) -> tuple[Object, Object]:
    """Of the slaves, and of the masters. Ports are the API server's, as pods reach it."""
    ring = {"to": [_pods(owner, Role.SLAVE)], "ports": [_port(SLAVE_PORT)]}
    api_server = {"ports": [*(_port(port) for port in api_server_ports), *DNS]}
    among_us = {"from": [_pods(owner)], "ports": [_port(SLAVE_PORT)]}
    return (
        _policy(owner, Role.SLAVE, ingress=[among_us], egress=[ring]),
        _policy(owner, Role.MASTER, ingress=[], egress=[ring, api_server]),
    )


def _policy(owner: Owner, role: Role, **rules: list[Object]) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": owner.metadata(owner.policy_name(role), names.labels(owner.name)),
        "spec": {
            **_pods(owner, role),
            "policyTypes": ["Ingress", "Egress"],
            **rules,
        },
    }


def _pods(owner: Owner, role: Role | None = None) -> dict[str, Any]:
    labels = {names.RUN_LABEL: owner.name}
    if role is not None:
        labels[names.ROLE_LABEL] = role.value
    return {"podSelector": {"matchLabels": labels}}


def _port(number: int, protocol: str = "TCP") -> Object:
    return {"port": number, "protocol": protocol}


DNS: Final = (_port(53, "UDP"), _port(53))
