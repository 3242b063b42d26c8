"""The comparison of RingRun with its peers: `make bench` runs bench/run.py."""
