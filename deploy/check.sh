#!/bin/bash
# What `make check` runs on manifests, chart and Dockerfile: helm lint, the API server's schemas, checkov.
# helm and kubectl are taken from PATH, else from the test cluster's programs, which are built if need be.
set -eu
cd "$(dirname "$0")/.."
CACHE=${RINGRUN_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringrun-cluster}
CHECKOV=checkov==3.3.30   # in a folder of its own: it brings 400 MB, and pins what we need newer
BIN=${BIN:-.venv/bin}
command -v helm >/dev/null && command -v kubectl >/dev/null || PATH=$(tests/cluster/ensure.sh programs):$PATH
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

helm lint --strict --quiet charts/ringrun
for values in charts/ringrun/ci/*-values.yaml; do
  helm lint --strict --quiet charts/ringrun --values "$values"
  helm template ringrun charts/ringrun --namespace ringrun-system --values "$values" > "$work/$(basename "$values" -values.yaml)-values.yaml"
done
# Prometheus's own kinds have no schema here.
python3 - "$work/observed-values.yaml" <<'PROGRAM'
import sys
text = open(sys.argv[1]).read()
kept = [part for part in text.split("\n---\n") if "kind: PodMonitor" not in part]
assert len(kept) == text.count("\n---\n"), "there has to be one PodMonitor"
open(sys.argv[1], "w").write("\n---\n".join(kept))
PROGRAM
helm template ringrun charts/ringrun --namespace ringrun-system > "$work/chart.yaml"
helm template ringrun charts/ringrun --namespace lab --set scope=namespaced,namespaces='{one,two}' > "$work/namespaced.yaml"
kubectl kustomize deploy > "$work/deploy.yaml"
for overlay in overlays/*/; do
  kubectl kustomize "$overlay" > "$work/overlay-$(basename "$overlay").yaml"
done
! grep -hE '^kind: Cluster(Role|RoleBinding)$' "$work/namespaced.yaml" "$work/overlay-namespaced.yaml" || { echo "a namespaced install must not need a ClusterRole" >&2; exit 1; }
for file in "$work"/*.yaml; do
  "$BIN/kubernetes-validate" --strict "$file" > "$work/validate.log" 2>&1 || { grep -v passed "$work/validate.log" >&2; exit 1; }
done
if [ ! -x "$CACHE/$CHECKOV/bin/checkov" ]; then
  echo "installing $CHECKOV, once" >&2
  python3 -m venv "$CACHE/$CHECKOV" && "$CACHE/$CHECKOV/bin/pip" install --quiet --disable-pip-version-check "$CHECKOV"
fi
cp Dockerfile "$work/"
# It looks for news on its maker's server, and says so at length where there is none.
"$CACHE/$CHECKOV/bin/checkov" --directory "$work" --config-file deploy/checkov.yaml 2> "$work/checkov.log" || { cat "$work/checkov.log" >&2; exit 1; }
echo "Manifests, chart and Dockerfile: nothing to object to."
