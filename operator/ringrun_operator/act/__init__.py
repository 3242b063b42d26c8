"""The active operator: one is elected, looks at the runs, and does what was decided."""
