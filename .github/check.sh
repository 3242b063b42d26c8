#!/bin/bash
# What `make check` runs on the workflows: actionlint, a Go module, locked by tools/go.sum and built once. Without Go,
# or without a network for the first build, it says so in one line and passes; where CI is set, both are failures.
set -eu
cd "$(dirname "$0")/.."
CACHE=${RINGRUN_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringrun-cluster}
skip() { echo "Workflows: actionlint skipped: $*" >&2; [ -z "${CI:-}" ] || exit 1; exit 0; }

bin=$CACHE/actionlint-$(cat .github/tools/go.* | sha256sum | cut -c1-12)
if [ ! -x "$bin/actionlint" ]; then
  command -v go >/dev/null || skip "it is built from a Go module, and there is no go in PATH"
  mkdir -p "$bin"
  go -C .github/tools build -o "$bin/actionlint" github.com/rhysd/actionlint/cmd/actionlint > "$bin/build.log" 2>&1 \
    || skip "it could not be built: $(tail -1 "$bin/build.log")"
fi
# The scripts in workflows are a few lines; with shellcheck or pyflakes here and not there, results would differ.
"$bin/actionlint" -shellcheck= -pyflakes= .github/workflows/*.yml
echo "Workflows: nothing to object to."
