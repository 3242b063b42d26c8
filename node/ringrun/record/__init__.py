"""The record's stores: what keeps the run's one truth, and its report, by compare-and-swap."""
