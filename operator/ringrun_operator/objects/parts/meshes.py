"""The switches by which meshes leave a run's pods alone, unless its template asks for a mesh.

A proxy between the pods would be what is measured, and one that outlives its slave keeps the pod
from ending. Each mesh is told in the words of its own documentation; of a mesh that nobody has
installed, the words mean nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One mesh's: what it reads, with the value for off. `asked_by` are other labels or annotations
    by which a template asks for this mesh, beside the switch itself."""

    mesh: str
    key: str
    off: str
    label: bool = False
    annotation: bool = False
    asked_by: tuple[str, ...] = ()


SWITCHES: Final = (
    # The label counts, and was an annotation before; a revision asks for the proxy of one.
    Switch(
        mesh="Istio",
        key="sidecar.istio.io/inject",
        off="false",
        label=True,
        annotation=True,
        asked_by=("istio.io/rev",),
    ),
    Switch(mesh="Istio ambient", key="istio.io/dataplane-mode", off="none", label=True),
    Switch(mesh="Linkerd", key="linkerd.io/inject", off="disabled", annotation=True),
    # An annotation before Kuma 2.0.
    Switch(
        mesh="Kuma", key="kuma.io/sidecar-injection", off="disabled", label=True, annotation=True
    ),
    Switch(mesh="Consul", key="consul.hashicorp.com/connect-inject", off="false", annotation=True),
    Switch(mesh="Dapr", key="dapr.io/enabled", off="false", annotation=True),
)


def switched_off(
    labels: Mapping[str, str], annotations: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations to add to those of a template.

    A switch that the template has set, as a label or as an annotation, is the template's in both:
    the other one, left at off, could win.
    """
    given = labels.keys() | annotations.keys()
    left = [each for each in SWITCHES if not given & {each.key, *each.asked_by}]
    return (
        {each.key: each.off for each in left if each.label},
        {each.key: each.off for each in left if each.annotation},
    )
