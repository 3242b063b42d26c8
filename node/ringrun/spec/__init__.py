"""What the user gives: a RingRun, checked once at the border and trusted from there.

`RunSpec` holds every setting, resolved. `load_run` and `parse_run` read the YAML that kubectl
takes, `default_run` makes a run without a file, `load_template` reads the pod settings of all runs
of an operator, `RunSpec.from_mapping` takes a resource as the API server gives it,
`RunSpec.from_document` the orders. All of them report every fault at once, as one `SpecError`.

Called by the command line, the supervisors (local and operator) and the masters. What a setting
does is decided elsewhere.
"""

from ringrun.spec.defaults import load_template
from ringrun.spec.faults import SpecError
from ringrun.spec.reading import Override, default_run, load_run, parse_run
from ringrun.spec.values import Cleanup, Expectations, FailurePolicy, Model, RunSpec

__all__ = [
    "Cleanup",
    "Expectations",
    "FailurePolicy",
    "Model",
    "Override",
    "RunSpec",
    "SpecError",
    "default_run",
    "load_run",
    "load_template",
    "parse_run",
]
