# `make quickstart` and `make test` set everything up; `make setup` makes the environment alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup quickstart test test-fast test-cluster test-rest lint docs wheel

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "raysc needs Python 3.11 or newer: make setup PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@if command -v nvidia-smi > /dev/null && ! $(BIN)/python -c 'import sys, torch; sys.exit(torch.version.cuda is None)'; then \
		echo "note: this machine has an NVIDIA GPU, but pip was told to take a CPU build of torch (see its find-links setting)"; fi
	@touch $@

quickstart: setup
	$(BIN)/raysc sweep sweeps/quickstart.yaml

# Tests on Ray wait most of the time, so two processes run them, each with a Ray of its own, beside the other tests.
test: setup
	$(MAKE) --jobs=2 --output-sync=target test-cluster test-rest

test-cluster: setup
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile tests/cluster

test-rest: setup
	$(BIN)/python -m pytest tests --ignore=tests/cluster

test-fast: setup
	$(BIN)/python -m pytest --numprocesses=2 -m "not ray and not slow" tests

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
