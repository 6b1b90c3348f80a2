# Every target works on a fresh machine: each makes what it needs first.
#
#   make demo     deploy real stacks on a simulated cloud, break them, watch them being found (TUI=0: no UI)
#   make test     every test; what was skipped, and why, is printed
#   make bench    our figures beside the peer's, measured in one run
#   make setup    only the set-up: .venv and the tools (TOOLS=all: those of every test as well)
#   make lint     ruff, mypy, import contracts
#   make lock     write the pinned requirement lists anew

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
TOOLS ?= needed
TUI ?= 1
# One more at a time than there are processors, since much of the time is spent waiting for
# providers; a file on one worker, and in order: the few files that take long come first.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$(( n < 8 ? n + 1 : 8 )))
PYTEST_ARGUMENTS ?= -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=10
LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.PHONY: help setup demo test bench lint lock clean

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

# One recipe makes the environment and notes it, so that nothing happens the second time.
$(INSTALLED): requirements/dev.txt pyproject.toml toolchain/find-python
	@if ! $(PYTHON) -c 'import pip' 2>/dev/null; then \
	  python=$$(PYTHON3="$(PYTHON3)" toolchain/find-python); echo "making $(VENV) with $$python"; \
	  "$$python" -m venv --clear $(VENV); \
	fi
	@echo "installing the pinned requirements"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(INSTALLED)
	@$(PYTHON) toolchain/build.py --tools $(TOOLS)

# Both show Pulumi on a Terraform provider as well, over a bridge that few stacks need.
demo bench: TOOLS := demo

demo: setup
	@TUI=$(TUI) $(PYTHON) -m demo

test: TOOLS := all
test: setup
	@$(PYTHON) -m pytest $(PYTEST_ARGUMENTS)

bench: setup
	@$(PYTHON) -m tests.bench

lint: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

lock: $(INSTALLED)
	cd requirements && ../$(VENV)/bin/$(LOCK) runtime.in -o runtime.txt
	cd requirements && ../$(VENV)/bin/$(LOCK) dev.in -o dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
