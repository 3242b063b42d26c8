"""What users see of a run: its status, its conditions, its events. Pure, and nothing is decided."""
