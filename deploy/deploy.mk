# The image of slaves, masters and operator (Dockerfile), manifests and chart. Included by the Makefile.
.PHONY: image chart check-deploy

image: ## build the image with docker, podman or buildah (IMAGE=, BASE_IMAGE=, ARCHIVE=out.tar)
	@deploy/image.sh $(ARCHIVE)

chart: $(STAMP) ## write what is generated in charts/ringrun: its copy of the CRD, its README
	@cp deploy/crd.yaml charts/ringrun/files/crd.yaml
	@$(BIN)/python charts/readme.py > charts/ringrun/README.md

check-deploy: $(STAMP) ## lint chart, manifests and Dockerfile (part of `make check`)
	@BIN=$(BIN) deploy/check.sh
