#!/bin/bash
# What `make cluster-up` runs: makes what is missing, builds the image, starts the cluster with the image on every node.
# A cluster that is up already is kept, and gets the new image. The last line of stdout is `export KUBECONFIG=...`.
#   cluster-up.sh NODES [OPTION OF up.sh]...       (--registry is built here, and given this tree's image)
set -eu
HERE=$(cd "$(dirname "$0")" && pwd); . "$HERE/lib.sh"; TOP=$HERE/../..
NODES=${1:-3}; shift || true
[ "$(id -u)" = 0 ] || die "the cluster makes network namespaces, so it needs root"
"$HERE/ensure.sh" packages
BIN=$("$HERE/ensure.sh" programs)
CACHE=$(dirname "$BIN"); IMAGES=() OPTIONS=()
for o in "$@"; do OPTIONS+=("$o"); [ "$o" != --registry ] || OPTIONS+=("$("$HERE/ensure.sh" registry)"); done
if [ "$NODES" != 0 ] && [ "${IMAGE_ARCHIVE:=$CACHE/ringrun-image.tar}" != none ]; then
  BASE_IMAGE=$("$HERE/ensure.sh" base) BUILDER=buildah "$TOP/deploy/image.sh" "$IMAGE_ARCHIVE"
  IMAGES=(--image "$IMAGE_ARCHIVE")
fi
if [ -f "$STATE/env" ] && "$BIN/kubectl" --kubeconfig "$STATE/admin.kubeconfig" --request-timeout 5s get --raw /readyz >/dev/null 2>&1; then
  for d in "$STATE"/node*/; do [ -d "$d" ] && [ ${#IMAGES[@]} != 0 ] && { n=$(basename "$d"); "$HERE/node.sh" import "${n#node}" "$IMAGE_ARCHIVE" >&2 & }; done
  wait; log "already up"
else
  [ ! -e "$STATE" ] || "$HERE/down.sh"
  "$HERE/up.sh" "$BIN" --nodes "$NODES" ${IMAGES[@]+"${IMAGES[@]}"} ${OPTIONS[@]+"${OPTIONS[@]}"}
fi
[ ! -d "$STATE/registry" ] || [ ${#IMAGES[@]} = 0 ] || "$HERE/registry.sh" push "$IMAGE_ARCHIVE"
echo "export PATH=$BIN:\$PATH"   # kubectl and helm of the cluster's own version
echo "export KUBECONFIG=$STATE/admin.kubeconfig"
