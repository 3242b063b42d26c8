"""The Kubernetes operator of RingRun: from a RingRun to its pods, and from them to its status."""
