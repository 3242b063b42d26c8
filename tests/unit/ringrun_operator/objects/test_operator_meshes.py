"""The switches of meshes: off on every pod, until a template has something to say of them."""

import pytest

from ringrun_operator.objects.parts.meshes import SWITCHES, switched_off

PLACES = [(switch.key, place) for switch in SWITCHES for place in ("labels", "annotations")]


def test_every_mesh_is_off_where_it_looks() -> None:
    """In the words of each one's documentation."""
    labels, annotations = switched_off({"team": "x"}, {})
    assert labels == {
        "sidecar.istio.io/inject": "false",
        "istio.io/dataplane-mode": "none",
        "kuma.io/sidecar-injection": "disabled",
    }
    assert annotations == {
        "sidecar.istio.io/inject": "false",
        "linkerd.io/inject": "disabled",
        "kuma.io/sidecar-injection": "disabled",
        "consul.hashicorp.com/connect-inject": "false",
        "dapr.io/enabled": "false",
    }


@pytest.mark.parametrize(("key", "place"), PLACES)
def test_a_switch_that_a_template_sets_is_the_templates(key: str, place: str) -> None:
    """As a label or as an annotation: the other one at off could win. The other meshes stay off."""
    given = {key: "whatever"}
    labels, annotations = switched_off(
        given if place == "labels" else {}, given if place == "annotations" else {}
    )
    assert key not in labels.keys() | annotations.keys()
    others = {switch.key for switch in SWITCHES} - {key}
    assert labels.keys() | annotations.keys() == others


def test_a_revision_asks_for_istio_too() -> None:
    """Which is how a canary of Istio is asked for."""
    labels, annotations = switched_off({"istio.io/rev": "canary"}, {})
    assert "sidecar.istio.io/inject" not in labels.keys() | annotations.keys()
