# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo
PORT ?= 0

.PHONY: help demo test lint bench docs clean

help:  ## What there is
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/'

$(VENV)/.runtime: requirements.lock pyproject.toml scripts/environment
	@PYTHON="$(PYTHON)" scripts/environment $(VENV) requirements.lock
	@touch $@

$(VENV)/.development: requirements-dev.lock pyproject.toml scripts/environment
	@PYTHON="$(PYTHON)" scripts/environment $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime  ## Build the sample company, run every gear and serve it on a loopback port
	@$(BIN)/geartrain demo $(DEMO) --port $(PORT)

test: $(VENV)/.development  ## Everything CI runs: format, lint, types, layers, tests on every engine
	@scripts/machine
	@scripts/check $(BIN)

lint: $(VENV)/.development  ## Format, lint, types and layers only
	@scripts/check $(BIN) lint

bench: $(VENV)/.development  ## The benchmarks, each beside its reference (several minutes)
	@$(BIN)/python -m bench

docs: $(VENV)/.development  ## Write the reference pages from the code
	@$(BIN)/python -m scripts.reference

clean:  ## Remove what was built, the demo's data included
	rm -rf $(VENV) $(DEMO) bench-data build dist
