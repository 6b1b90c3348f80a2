# Every target works on a fresh machine: each makes what it needs first.
#
#   make setup    only what trueup needs to run: .venv, and terraform or tofu (TOOLS=pulumi: Pulumi as well)
#   make demo     deploy real stacks on a simulated cloud, break them, watch them being found
#                 (TUI=0: no UI; KEEP=1: leave the stacks and the daemon running)
#   make test     every test; what was skipped, and why, is printed
#   make bench    our figures beside the peer's, measured in one run (BENCH=NAME: one of them)
#   make bench trust   objects of many makers: what was done to them, what is found and corrected
#   make agent    the host agent in one file, dist/trueup-agent.pyz
#   make screenshots   the pages of the terminal UI as SVG, into docs/screenshots
#   make lint     ruff, mypy, import contracts
#   make lock     write the pinned requirement lists anew

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
DEVELOPING := $(VENV)/.developing
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check
TOOLS ?= needed
TUI ?= 1
KEEP ?= 0
BENCH ?= $(filter trust,$(MAKECMDGOALS))
# Two more at a time than there are processors, since much of the time is spent waiting for
# providers; a file on one worker, and in order: the few files that take long come first.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$(( n < 6 ? n + 2 : 8 )))
PYTEST_ARGUMENTS ?= -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=10
LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.PHONY: help setup demo test bench trust agent screenshots lint lock clean

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

# One recipe makes the environment and notes it, so that nothing happens the second time.
$(INSTALLED): requirements/runtime.txt requirements/build.txt pyproject.toml toolchain/find-python
	@if ! $(PYTHON) -c 'import pip' 2>/dev/null; then \
	  python=$$(PYTHON3="$(PYTHON3)" toolchain/find-python); echo "making $(VENV) with $$python"; \
	  "$$python" -m venv --clear $(VENV); \
	fi
	@echo "installing what trueup needs to run"
	@$(PIP) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# What tests, benchmarks and the demo need on top is a list, and a note, of its own.
$(DEVELOPING): $(INSTALLED) requirements/dev.txt
	@echo "installing what tests and the demo need"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(INSTALLED)
	@$(PYTHON) toolchain/build.py --tools $(TOOLS)

# Both show Pulumi on a Terraform provider as well, over a bridge that few stacks need.
demo bench: TOOLS := demo
test: TOOLS := all

# The list comes first: Pulumi's own installer is in its Python SDK. GOGC: see `test`.
demo: $(DEVELOPING) setup
	@TUI=$(TUI) KEEP=$(KEEP) GOGC=$${GOGC-400} $(PYTHON) -m demo

# Most of the time goes to terraform, Pulumi and providers, which are Go: they collect their garbage
# a fifth as often, which takes a fifth less processor time for a quarter more memory. Where Python may
# keep no bytecode, each daemon and command that a test starts would compile all of ours first.
test: $(DEVELOPING) setup
	@folder=$$(toolchain/temporary-folder); trap 'rm -rf "$$folder"' EXIT; \
	env -u PYTHONDONTWRITEBYTECODE GOGC=$${GOGC-400} TMPDIR="$$folder" $(PYTHON) -m pytest $(PYTEST_ARGUMENTS)

bench: $(DEVELOPING) setup
	@$(PYTHON) -m tests.bench $(BENCH)

# Beside `bench` it only says which.
trust: bench

screenshots: $(DEVELOPING)
	@$(PYTHON) -m tests.tui.gallery

lint: $(DEVELOPING)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# The whole host agent in one file, for any Python from 3.9.
agent: $(INSTALLED)
	@rm -rf build/agent && mkdir -p build/agent dist && cp -R agent build/agent/agent
	@find build/agent -name __pycache__ -prune -exec rm -rf {} +
	@printf 'import sys\nfrom agent.cli import main\nsys.exit(main())\n' > build/agent/__main__.py
	@$(PYTHON) -m zipapp build/agent --compress --python '/usr/bin/env python3' --output dist/trueup-agent.pyz
	@echo dist/trueup-agent.pyz

lock: $(DEVELOPING)
	cd requirements && ../$(VENV)/bin/$(LOCK) runtime.in -o runtime.txt
	cd requirements && ../$(VENV)/bin/$(LOCK) pulumi.in -o pulumi.txt
	cd requirements && ../$(VENV)/bin/$(LOCK) apprise.in -o apprise.txt
	cd requirements && ../$(VENV)/bin/$(LOCK) build.in -o build.txt
	cd requirements && ../$(VENV)/bin/$(LOCK) dev.in -o dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
