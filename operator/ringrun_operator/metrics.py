"""What the operator counts, for Prometheus. Filled by the controller, served by `health`."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ACTIVE: Final = Gauge("ringrun_operator_active", "1 while this operator is the active one.")
RUNS: Final = Gauge("ringrun_runs", "RingRuns by phase; none before pods are ordered.", ["phase"])
VERDICTS: Final = Counter("ringrun_verdicts", "Runs finished here, by verdict.", ["verdict"])
PODS_CREATED: Final = Counter("ringrun_pods_created", "Pods created.")
RECONCILE_ERRORS: Final = Counter("ringrun_reconcile_errors", "Looks at a run that failed.")
RECONCILE_SECONDS: Final = Histogram(
    "ringrun_reconcile_seconds",
    "One look at a run, its requests included.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0),
)
