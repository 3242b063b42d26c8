"""Who of a run may speak with whom, where the cluster allows nothing by itself."""

from typing import Any

import kubernetes_validate

from ringrun_operator.names import Role
from ringrun_operator.objects.network_policies import network_policies
from ringrun_operator.objects.owner import Owner

OWNER = Owner(name="demo", namespace="lab", uid="u-1", mark="feed")


def built() -> dict[str, dict[str, Any]]:
    slaves, masters = network_policies(OWNER, (443, 6443))
    return {"slave": slaves, "master": masters}


def test_both_are_of_the_schema_and_owned() -> None:
    """Each for the pods of its role alone."""
    for role, policy in built().items():
        kubernetes_validate.validate(policy, "1.30", strict=True)
        assert policy["metadata"]["name"] == f"demo-{role}s-feed" == OWNER.policy_name(Role(role))
        assert policy["metadata"]["ownerReferences"][0]["uid"] == "u-1"
        labels = {"ringrun.dev/run": "demo", "ringrun.dev/role": role}
        assert policy["spec"]["podSelector"]["matchLabels"] == labels
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_slaves_hear_their_run_and_dial_slaves() -> None:
    """On the ring's port, and nothing else."""
    spec = built()["slave"]["spec"]
    [ingress], [egress] = spec["ingress"], spec["egress"]
    port = [{"port": 10501, "protocol": "TCP"}]
    assert ingress["ports"] == egress["ports"] == port
    assert ingress["from"] == [{"podSelector": {"matchLabels": {"ringrun.dev/run": "demo"}}}]
    slaves = {"ringrun.dev/run": "demo", "ringrun.dev/role": "slave"}
    assert egress["to"] == [{"podSelector": {"matchLabels": slaves}}]


def test_masters_dial_slaves_and_the_api_server_and_hear_nobody() -> None:
    """Wherever that is, on the ports that were named; it may be given by a name."""
    spec = built()["master"]["spec"]
    assert spec["ingress"] == []
    ring, api_server = spec["egress"]
    assert ring["to"][0]["podSelector"]["matchLabels"]["ringrun.dev/role"] == "slave"
    assert "to" not in api_server
    told = [f"{each['port']} {each['protocol']}" for each in api_server["ports"]]
    assert told == ["443 TCP", "6443 TCP", "53 UDP", "53 TCP"]
