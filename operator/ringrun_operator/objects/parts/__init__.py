"""Parts of a pod that are much by themselves, each with the run's own and what a template says."""
