# `make quickstart` and `make test` set everything up; `make setup` makes the environment alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup quickstart test lint

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

test: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
