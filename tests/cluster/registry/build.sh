#!/bin/bash
# build.sh OUT_DIR: builds the registry from Go modules.
set -eu
cd "$(dirname "$0")"; OUT=$(realpath -m "$1"); mkdir -p "$OUT"
CGO_ENABLED=0 go build -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w" -o "$OUT/registry" .
