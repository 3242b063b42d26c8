"""One master: the election, the record, and what a leader does in its stages."""
