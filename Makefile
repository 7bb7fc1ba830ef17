# `make quickstart` sets up what sweeps need, `make test` and `make setup` everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup quickstart test test-fast test-cluster test-rest lint docs wheel

INSTALL = $(BIN)/python -m pip install --quiet --constraint constraints.txt

setup: $(VENV)/.installed-dev

# What sweeps need. Most modules of the libraries are never imported, so none are compiled beforehand.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "raysc needs Python 3.11 or newer: make setup PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --no-compile --editable .
	@if command -v nvidia-smi > /dev/null && ! $(BIN)/python -c 'import sys, torch; sys.exit(torch.version.cuda is None)'; then \
		echo "note: this machine has an NVIDIA GPU, but pip was told to take a CPU build of torch (see its find-links setting)"; fi
	@touch $@

# Language models, tests, linters and the documentation.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) --editable '.[dev]'
	@touch $@

quickstart: $(VENV)/.installed
	$(BIN)/raysc sweep sweeps/quickstart.yaml

# awk would print nothing before its input fills a block.
prefix = while IFS= read -r line; do printf '%s: %s\n' '$(1)' "$$line"; done

# Tests on Ray wait most of the time, so two processes run them, each with a Ray of its own, beside the other tests.
# Both halves print whole lines as they go, each with its name in front; the status is that of both. Hundreds of processes
# import raysc, so it is compiled before: some containers have Python keep no compiled files.
test: setup
	$(BIN)/python -m compileall -q raysc
	$(MAKE) --jobs=2 --keep-going test-cluster test-rest

test-cluster: SHELL := bash
test-cluster: setup
	set -o pipefail; $(BIN)/python -u -m pytest --verbosity=1 --numprocesses=2 --dist=loadfile --no-loadscope-reorder tests/cluster | $(call prefix,cluster)

test-rest: SHELL := bash
test-rest: setup
	set -o pipefail; $(BIN)/python -u -m pytest --verbosity=0 tests --ignore=tests/cluster | $(call prefix,rest)

test-fast: setup
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile -m "not ray and not slow" tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build
	@echo "open docs/_build/index.html"

# build/ may hold files of an older state, which would end up in the wheel.
wheel: setup
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
