"""The objects that a run is made of on the cluster: how each is built, and how it is read."""
