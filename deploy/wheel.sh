#!/bin/bash
# Builds the wheel into dist/ and tries it as a user would: in a fresh environment, outside of the tree, with the
# locked dependencies, a run and the check of its journals.
#   wheel.sh       PYTHON=python3.13 to choose; BIN=folder of hatchling
set -euo pipefail   # a check of the journals that fails must not be drowned by the tail of what it says
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
BIN=${BIN:-.venv/bin}
ROOT=$PWD
version=$("$PYTHON" deploy/release.py version)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
rm -rf dist
"$BIN/hatchling" build --target wheel --target sdist >/dev/null
wheel=dist/ringrun-$version-py3-none-any.whl
[ -f "$wheel" ] || { echo "wheel: $wheel was not made, but: $(ls dist)" >&2; exit 1; }

"$PYTHON" -m venv "$work/venv"
pip() { "$work/venv/bin/python" -m pip "$@" --quiet --disable-pip-version-check; }
pip install --require-hashes --only-binary :all: --requirement requirements.lock
pip install --no-deps --no-index "$wheel"
cd "$work"   # so that nothing is imported from the tree
said=$(venv/bin/ringrun --version)
[ "$said" = "ringrun $version" ] || { echo "wheel: it should say ringrun $version, and says: $said" >&2; exit 1; }
venv/bin/ringrun run --send 1s --grace 300ms --quiet --journal journals
venv/bin/ringrun verify journals | tail -1
venv/bin/python -c 'import ringrun, ringrun_operator; from importlib.resources import files
assert all((files(each) / "py.typed").is_file() for each in (ringrun, ringrun_operator))'
echo "wheel: $ROOT/$wheel is built and works" >&2
