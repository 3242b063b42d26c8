"""The Kubernetes operator of RingRun. Empty for now: the ring runs on one machine first."""
