"""What is there on the cluster: kopf's watches, and the objects that they told of.

kopf is known here and to `handlers`, by which `kopf run` begins.
"""
