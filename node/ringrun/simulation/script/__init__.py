"""Written scenarios: `script` runs one, `words` has its names and patterns, `settings` its case."""
