#!/bin/bash
# Builds the image with docker, podman or buildah, whichever is there and works, and can write it into an archive.
#   image.sh [ARCHIVE.tar]       IMAGE=name:tag, BASE_IMAGE=..., BUILDER=docker|podman|buildah to choose
set -eu
cd "$(dirname "$0")/.."
ARCHIVE=${1:-}
IMAGE=${IMAGE:-ghcr.io/ringrun/ringrun:$(sed -n 's/^__version__ = "\(.*\)"/\1/p' node/ringrun/__init__.py)}
arguments=(); [ -z "${BASE_IMAGE:-}" ] || arguments+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
works() { case $1 in docker) docker info;; *) "$1" --version;; esac >/dev/null 2>&1; }   # a docker client without an engine is none
if [ -z "${BUILDER:-}" ]; then
  for BUILDER in docker podman buildah none; do works "$BUILDER" && break; done
fi
[ -z "$ARCHIVE" ] || rm -f "$ARCHIVE"   # neither buildah nor podman writes over an archive
case $BUILDER in
docker|podman)
  "$BUILDER" build ${arguments[@]+"${arguments[@]}"} --tag "$IMAGE" .
  [ -z "$ARCHIVE" ] || "$BUILDER" save --output "$ARCHIVE" "$IMAGE";;
buildah)
  # chroot isolation works without user namespaces of its own, as root in a container or a CI job
  buildah bud --quiet --layers --isolation chroot ${arguments[@]+"${arguments[@]}"} --tag "$IMAGE" . >/dev/null
  [ -z "$ARCHIVE" ] || buildah push --quiet "$IMAGE" "docker-archive:$ARCHIVE:$IMAGE";;
*) echo "make image needs docker (with its engine running), podman or buildah, and found none" >&2; exit 1;;
esac
echo "$IMAGE built with $BUILDER${ARCHIVE:+, written to $ARCHIVE}" >&2
