# The test cluster (tests/cluster/README.md). Included by the Makefile.
#   eval "$(make -s cluster-up)"     sets KUBECONFIG, and PATH to the cluster's own kubectl and helm
NODES ?= 3
.PHONY: cluster-up cluster-down

cluster-up: ## a real Kubernetes of NODES=3 nodes on this machine (root, Go; builds it once)
	@tests/cluster/cluster-up.sh $(NODES) $(CLUSTER_ARGS)

cluster-down: ## stop it, and remove every trace of it
	@tests/cluster/down.sh
