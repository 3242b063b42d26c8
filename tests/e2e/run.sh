#!/bin/bash
# What `make e2e` runs: the end-to-end tests on the cluster that KUBECONFIG names; else on a kind cluster of
# their own, where docker and kind are there; else on tests/cluster, where root and Go are. What it started,
# it removes (KEEP=1 keeps it).
#   run.sh [ARGUMENT OF pytest]...
set -eu
cd "$(dirname "$0")/../.."
PYTHON=${PYTHON:-.venv/bin/python}
NODES=${NODES:-2}
remove=true
finish() { [ -n "${KEEP:-}" ] || $remove; }
trap finish EXIT
if [ -n "${KUBECONFIG:-}" ]; then
  echo "e2e: on the cluster of KUBECONFIG=$KUBECONFIG" >&2
elif command -v kind >/dev/null && docker info >/dev/null 2>&1; then
  echo "e2e: on a kind cluster" >&2
  KUBECONFIG=$(mktemp); export KUBECONFIG
  remove="kind delete cluster --name ringrun-e2e"
  kind create cluster --config tests/e2e/kind.yaml --wait 120s
  archive=$(mktemp -u).tar
  BUILDER=docker deploy/image.sh "$archive"
  kind load image-archive --name ringrun-e2e "$archive"; rm -f "$archive"
elif [ "$(id -u)" = 0 ] && command -v go >/dev/null; then
  echo "e2e: on tests/cluster, $NODES nodes" >&2
  remove="tests/cluster/down.sh"
  said=$(tests/cluster/cluster-up.sh "$NODES" --pv --registry)
  eval "$said"
else
  echo "e2e needs a cluster: set KUBECONFIG to one; or install kind beside a running docker; or be root, with Go 1.26 in PATH, for tests/cluster (README there)" >&2
  exit 1
fi
# A scenario that fails is run once more; one that then passes is flaky, and said to be.
cache=$(mktemp -d)
status=0
"$PYTHON" -m pytest tests/e2e -o cache_dir="$cache" "$@" || status=$?
if [ "$status" = 1 ]; then
  failed=$(tr -d '{}",' < "$cache/v/cache/lastfailed" | sed 's/: true//' | grep . || true)
  echo "e2e: run once more: $failed"
  status=0
  "$PYTHON" -m pytest tests/e2e -o cache_dir="$cache" --last-failed "$@" || status=$?
  [ "$status" != 0 ] || echo "e2e: FLAKY, failed at first and then passed: $failed"
fi
rm -rf "$cache"
exit "$status"
