# The image of slaves, masters and operator (Dockerfile), manifests and chart. Included by the Makefile.
.PHONY: image chart wheel cut check-deploy

image: ## build the image with docker, podman or buildah (IMAGE=, BASE_IMAGE=, ARCHIVE=out.tar)
	@deploy/image.sh $(ARCHIVE)

chart: $(STAMP) ## write what is generated in charts/ringrun: its copy of the CRD, its README, the version
	@$(BIN)/python deploy/release.py stamp
	@cp deploy/crd.yaml charts/ringrun/files/crd.yaml
	@$(BIN)/python charts/readme.py > charts/ringrun/README.md

wheel: $(STAMP) ## build the wheel into dist/ and try it in a fresh environment
	@PYTHON=$(BIN)/python BIN=$(BIN) deploy/wheel.sh

cut: $(STAMP) ## make VERSION=X.Y.Z the version, and what is unreleased its changelog (RELEASING.md)
	@$(BIN)/python deploy/release.py cut "$(VERSION)" "$$(date -u +%F)"

check-deploy: $(STAMP) ## lint chart, manifests and Dockerfile (part of `make check`)
	@BIN=$(BIN) deploy/check.sh
