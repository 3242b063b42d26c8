"""What the user sees while a local run runs."""
