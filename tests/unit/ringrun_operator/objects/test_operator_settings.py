"""The settings of a run's pods: its own template over what the administrator said."""

import pytest

from ringrun_operator.names import Role
from ringrun_operator.objects.settings import Defaults, pin, resolve


def test_a_template_overrides_the_administrators_defaults_and_these_the_operators_image() -> None:
    """Key by key."""
    defaults = Defaults(
        image="operator:1", template={"imagePullPolicy": "Never", "priorityClassName": "low"}
    )
    found = resolve({"priorityClassName": "high", "nodeSelector": {"a": "b"}}, defaults)
    assert found.slaves == {
        "image": "operator:1",
        "imagePullPolicy": "Never",
        "priorityClassName": "high",
        "nodeSelector": {"a": "b"},
    }
    assert found.masters == found.slaves
    assert resolve({"image": "mine:2"}, defaults).slaves["image"] == "mine:2"


def test_labels_add_up_and_the_runs_own_tolerations_come_first() -> None:
    """All else takes the place of what the administrator said, resources as a whole."""
    defaults = Defaults(
        image="operator:1",
        template={
            "labels": {"team": "all", "cost": "lab"},
            "nodeSelector": {"pool": "ring"},
            "podSecurityContext": {"fsGroup": 1, "supplementalGroups": [1]},
            "tolerations": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}],
            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
            "imagePullSecrets": [{"name": "theirs"}],
        },
    )
    template = {
        "labels": {"team": "mine"},
        "nodeSelector": {"zone": "z"},
        "podSecurityContext": {"fsGroup": 2},
        "tolerations": [{"key": "c", "operator": "Exists"}, {"key": "a", "operator": "Exists"}],
        "resources": {"limits": {"cpu": "2"}},
    }
    found = resolve(template, defaults).slaves
    assert found["labels"] == {"team": "mine", "cost": "lab"}
    assert found["nodeSelector"] == {"pool": "ring", "zone": "z"}
    assert found["podSecurityContext"] == {"fsGroup": 2, "supplementalGroups": [1]}
    assert [each["key"] for each in found["tolerations"]] == ["c", "a", "b"]
    assert found["resources"] == {"limits": {"cpu": "2"}}
    assert found["imagePullSecrets"] == [{"name": "theirs"}]


def test_what_is_said_of_a_role_goes_over_the_rest_of_the_same_template() -> None:
    """Mappings name by name however deep, lists as a whole; and nothing of it to the other role."""
    template = {
        "image": "all:1",
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "podSecurityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "x"}},
        "slaves": {
            "resources": {"requests": {"cpu": "4"}},
            "tolerations": [],
            "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        },
        "masters": {"image": "masters:1", "priorityClassName": None},
    }
    found = resolve(template, Defaults(image="operator:1"))
    assert found.slaves["resources"] == {"requests": {"cpu": "4", "memory": "1Gi"}}
    assert found.slaves["tolerations"] == []
    # Half of another kind of profile would be refused.
    assert found.slaves["podSecurityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert found.masters["resources"] == template["resources"]
    assert (found.slaves["image"], found.masters["image"]) == ("all:1", "masters:1")
    assert not {"slaves", "masters"} & {*found.slaves, *found.masters}
    assert "priorityClassName" not in found.masters


def test_a_template_wins_over_what_the_administrator_said_of_a_role() -> None:
    """However finely that was said."""
    defaults = Defaults(
        image="operator:1",
        template={"image": "d:1", "masters": {"image": "m:1", "schedulerName": "batch"}},
    )
    found = resolve({"image": "mine:1"}, defaults)
    assert (found.slaves["image"], found.masters["image"]) == ("mine:1", "mine:1")
    assert found.masters["schedulerName"] == "batch"
    assert "schedulerName" not in found.slaves
    assert resolve({}, defaults).masters["image"] == "m:1"


def test_a_master_has_no_account_of_a_template() -> None:
    """What is said for all is then said for slaves."""
    template = {"serviceAccountName": "runner", "automountServiceAccountToken": True}
    found = resolve(template, Defaults(image="operator:1"))
    assert template.items() <= found.slaves.items()
    assert not template.keys() & found.masters.keys()


DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("image", "image_id", "pinned"),
    [
        ("ghcr.io/a/ringrun:1", f"ghcr.io/a/ringrun@{DIGEST}", f"ghcr.io/a/ringrun@{DIGEST}"),
        ("ghcr.io/a/ringrun", f"ghcr.io/a/ringrun@{DIGEST}", f"ghcr.io/a/ringrun@{DIGEST}"),
        ("host:5000/r:1", f"docker-pullable://host:5000/r@{DIGEST}", f"host:5000/r@{DIGEST}"),
        ("ringrun:1", f"docker.io/library/ringrun@{DIGEST}", f"ringrun@{DIGEST}"),
        ("a/ringrun:1", f"docker.io/a/ringrun@{DIGEST}", f"a/ringrun@{DIGEST}"),
        ("index.docker.io/a/r:1", f"docker.io/a/r@{DIGEST}", f"index.docker.io/a/r@{DIGEST}"),
        # An image that was loaded, not pulled, has no digest that could be asked for.
        ("ringrun:1", DIGEST, "ringrun:1"),
        ("ringrun:1", f"docker.io/library/import-2026-01-01@{DIGEST}", "ringrun:1"),
        ("ringrun:1", "", "ringrun:1"),
        ("localhost/ringrun:1", f"docker.io/localhost/ringrun@{DIGEST}", "localhost/ringrun:1"),
        # The same content under another name need not be there under this one.
        ("mirror/ringrun:1", f"ghcr.io/a/ringrun@{DIGEST}", "mirror/ringrun:1"),
        (f"ringrun@{DIGEST}", "docker.io/library/ringrun@sha256:cd", f"ringrun@{DIGEST}"),
    ],
)
def test_an_image_is_pinned_by_the_digest_that_the_kubelet_found(
    image: str, image_id: str, pinned: str
) -> None:
    """If it can be pulled by that; the other role's is left alone."""
    settings = resolve({"image": image}, Defaults(image="x"))
    found = pin(settings, Role.SLAVE, image_id)
    assert found.slaves["image"] == pinned
    assert found.masters["image"] == image


def test_nodes_log_as_the_operator_does() -> None:
    """Unless the template says how; what is usual need not be said."""
    defaults = Defaults(image="x", log_format="json", log_level="debug")
    said = [
        {"name": "RINGRUN_LOG_FORMAT", "value": "json"},
        {"name": "RINGRUN_LOG_LEVEL", "value": "debug"},
    ]
    assert resolve({}, defaults).slaves["env"] == resolve({}, defaults).masters["env"] == said
    own = {"name": "RINGRUN_LOG_FORMAT", "value": "text"}
    assert resolve({"env": [own]}, defaults).slaves["env"] == [own, said[1]]
    assert "env" not in resolve({}, Defaults(image="x")).slaves
