"""What `spec.template.affinity` may say, and the label selectors and keys that `template` has too.

As deep as a pod has it: its names are long, and easily wrong by a letter.
"""

from typing import Final

from ringrun.spec.fields import Kind
from ringrun.spec.shapes import Anything, Fields, Listed, Mapped, Text, Whole

LABEL: Final = Text(
    longest=63,
    pattern=r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
    says="letters, digits, '-', '_' and '.', a letter or digit first and last",
)
LABEL_KEY: Final = Text(
    longest=317,
    pattern=r"([A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?/)?"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?",
    says="a key such as team or example.com/team",
)

_KEYS: Final = Listed(item=LABEL_KEY)
_VALUES: Final = Listed(item=LABEL)
LABEL_SELECTOR: Final = Fields(
    fields={
        "matchLabels": Mapped(value=LABEL, key=LABEL_KEY),
        "matchExpressions": Listed(
            item=Fields(
                fields={
                    "key": LABEL_KEY,
                    "operator": Text(choices=("In", "NotIn", "Exists", "DoesNotExist")),
                    "values": _VALUES,
                },
                required=("key", "operator"),
            )
        ),
    }
)

_REQUIREMENTS: Final = Listed(
    item=Fields(
        fields={
            "key": Text(longest=317),
            "operator": Text(choices=("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")),
            "values": Listed(item=Anything(kind=Kind.STRING)),
        },
        required=("key", "operator"),
    )
)
_NODE_TERM: Final = Fields(fields={"matchExpressions": _REQUIREMENTS, "matchFields": _REQUIREMENTS})
_POD_TERM: Final = Fields(
    fields={
        "labelSelector": LABEL_SELECTOR,
        "topologyKey": Text(longest=317, shortest=1),
        "namespaces": Listed(item=Text(longest=63)),
        "namespaceSelector": LABEL_SELECTOR,
        "matchLabelKeys": _KEYS,
        "mismatchLabelKeys": _KEYS,
    },
    required=("topologyKey",),
)

REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_WEIGHT: Final = Whole(low=1, high=100)
_BETWEEN_PODS: Final = Fields(
    fields={
        REQUIRED: Listed(item=_POD_TERM),
        PREFERRED: Listed(
            item=Fields(
                fields={"weight": _WEIGHT, "podAffinityTerm": _POD_TERM},
                required=("weight", "podAffinityTerm"),
            )
        ),
    }
)

AFFINITY: Final = Fields(
    fields={
        "nodeAffinity": Fields(
            fields={
                REQUIRED: Fields(
                    fields={"nodeSelectorTerms": Listed(item=_NODE_TERM, shortest=1)},
                    required=("nodeSelectorTerms",),
                ),
                PREFERRED: Listed(
                    item=Fields(
                        fields={"weight": _WEIGHT, "preference": _NODE_TERM},
                        required=("weight", "preference"),
                    )
                ),
            }
        ),
        "podAffinity": _BETWEEN_PODS,
        "podAntiAffinity": _BETWEEN_PODS,
    }
)
