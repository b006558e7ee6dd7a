# Everything here sets itself up: a machine needs python3 (3.11 to 3.13) with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: help demo test check bench format clean shim

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(VENV)/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit(f"denban needs Python 3.11 to 3.13, $(PYTHON) is {v[0]}.{v[1]}; set PYTHON=python3.12 or so")'
	@$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@echo "Setting up the tools for tests ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[dev,chart]'
	@touch $@

# The bench's GPIO library: built with cc, or with a compiler from a wheel.
shim: $(VENV)/run.stamp
	@command -v cc >/dev/null || $(BIN)/python -c 'import ziglang' 2>/dev/null || { echo "No C compiler: installing one into $(VENV) ..."; $(BIN)/python -m pip install -qq --disable-pip-version-check ziglang; }
	@$(BIN)/python -m hil.shim.build >/dev/null

demo: shim  ## a factory held under its target, live; DEMO=meter|bus|plan for variants
	@$(BIN)/denban demo $(if $(DEMO),--variant $(DEMO)) $(DEMO_ARGS)

test: $(VENV)/dev.stamp shim  ## all tests and all checks
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term:skip-covered --cov-report=json:build/coverage.json -q
	@$(BIN)/python tests/coverage_gate.py build/coverage.json

check: $(VENV)/dev.stamp  ## lint, format, types, layers
	@$(BIN)/ruff check edge hil tests
	@$(BIN)/ruff format --check edge hil tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[bench]'
	@touch $@

bench: $(VENV)/bench.stamp shim  ## measure the figures of docs/performance.md; ONLY=line, QUICK=1, HOURS=1, WRITE=1
	@$(BIN)/python -m hil.figures $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick) $(if $(HOURS),--hours $(HOURS)) $(if $(WRITE),--write-docs)

format: $(VENV)/dev.stamp  ## format and fix what can be fixed
	@$(BIN)/ruff check --fix edge hil tests
	@$(BIN)/ruff format edge hil tests

clean:  ## remove everything that was built
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
