"""The pure core: no clock, socket, task, log line or global randomness."""
