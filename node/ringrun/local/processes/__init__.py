"""The processes of a local run, and the line to each."""
