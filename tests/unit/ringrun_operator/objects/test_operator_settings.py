"""The settings of a run's pods: its own template over what the administrator said."""

from ringrun_operator.objects.settings import Defaults, resolve


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
