# The image of slaves, masters and operator (Dockerfile). Included by the Makefile.
.PHONY: image

image: ## build the image with docker, podman or buildah (IMAGE=, BASE_IMAGE=, ARCHIVE=out.tar)
	@deploy/image.sh $(ARCHIVE)
