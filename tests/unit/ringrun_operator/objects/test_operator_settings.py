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
