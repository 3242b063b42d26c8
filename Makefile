# RingRun. `make` alone lists what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
RUNS   ?= 20000
SEED   ?= 0
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help install run test check check-workflows format man simulate bench e2e lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv from the locked dependencies (PYTHON=python3.13 to choose)

# Only the locks and what the editable install is made of bring it about anew.
$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || \
	  { echo "RingRun needs Python 3.11 to 3.14, and PYTHON=$(PYTHON) is not: $$($(PYTHON) --version 2>&1)." >&2; \
	    echo "Give another, for example: make install PYTHON=python3.13" >&2; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(STAMP) ## one whole run on this machine: 4 slaves, 2 masters (ARGS="--model train --send 5s")
	@$(BIN)/ringrun run deploy/samples/ringrun.yaml $(ARGS)

test: $(STAMP) ## unit, simulation and integration tests, some seven minutes (ARGS="-k wire")
	$(BIN)/python -m pytest -n 2 --dist loadscope tests/unit tests/simulation $(ARGS)
	$(BIN)/python -m pytest tests/integration $(ARGS)

check: $(STAMP) check-deploy check-workflows ## format, lint, types, import directions, manifests, workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-workflows: ## lint what .github runs (part of `make check`; skipped without Go)
	@.github/check.sh

format: $(STAMP) ## put the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

man: $(STAMP) ## write docs/ringrun.1 anew from the commands
	$(BIN)/ringrun man > docs/ringrun.1

simulate: $(STAMP) ## the same core under a virtual clock with seeded faults (RUNS=20000 SEED=0)
	@$(BIN)/ringrun simulate --runs $(RUNS) --seed $(SEED) --faults all $(ARGS)

bench: $(STAMP) ## our models and their peers, interleaved, in one table
	@$(BIN)/python bench/run.py $(ARGS)

lock: ## write the lock files anew from pyproject.toml (needs uv; ARGS=--upgrade for newer versions)
	uv pip compile $(ARGS) --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	uv pip compile $(ARGS) --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" --extra operator -c requirements.lock \
	  pyproject.toml -o requirements-operator.lock
	uv pip compile $(ARGS) --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" --group dev --extra operator -c requirements.lock -c requirements-operator.lock \
	  pyproject.toml -o requirements-dev.lock
	uv pip compile $(ARGS) --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" --group build -c requirements-dev.lock \
	  -o requirements-build.lock

e2e: $(STAMP) ## end-to-end tests on KUBECONFIG's cluster, on kind, or on one that it starts (ARGS="-k crd")
	@PYTHON=$(BIN)/python tests/e2e/run.sh $(ARGS)

include tests/cluster/cluster.mk deploy/deploy.mk

clean: ## remove what the targets above made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find node operator tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
