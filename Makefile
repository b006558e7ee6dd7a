# Everything here sets itself up: a machine needs python3 (3.11 to 3.13) with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two workers more than processors: benches wait more than they work.
WORKERS ?= $(shell echo $$(($$(nproc) + 2)))

.PHONY: help demo test check life life-soak bench bench-process bench-machine bench-machine-short bench-rig bench-breaks soak format clean shim install package sbom image image-bare

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

demo: shim  ## two gateways hold a factory, one is killed, live; DEMO=pair|shed|meter|bus|plan
	@$(BIN)/denban demo $(if $(DEMO),--variant $(DEMO)) $(DEMO_ARGS)

test: $(VENV)/dev.stamp shim  ## all tests and all checks
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term:skip-covered --cov-report=json:build/coverage.json -q
	@$(BIN)/python tests/coverage_gate.py build/coverage.json

check: $(VENV)/dev.stamp  ## lint, format, types, layers
	@$(BIN)/ruff check edge hil tests systemd
	@$(BIN)/ruff format --check edge hil tests systemd
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Scenarios of hil/scenarios; ARGS go to pytest (ARGS='-k power -x'). Reports: build/bench/BENCH/report.html
SCENARIOS := $(BIN)/python -m pytest hil/scenarios -q

bench-process: $(VENV)/dev.stamp shim  ## all scenarios on processes; ARGS='-k power'
	@$(SCENARIOS) --bench=process -n 6 --dist loadgroup $(ARGS)

bench-machine: image shim  ## all scenarios on two emulated machines; ARGS='-k power'
	@$(SCENARIOS) --bench=machine $(ARGS)

# An emulated gateway that starves is no broken product: what fails is tried once more.
bench-machine-short: image shim  ## four of them, some minutes
	@$(SCENARIOS) --bench=machine -m short || $(SCENARIOS) --bench=machine -m short --last-failed

bench-rig: $(VENV)/dev.stamp  ## all scenarios on a table; RIG=FILE, see docs/rig.md
	@$(SCENARIOS) --bench=rig --bench-rig=$(or $(RIG),$(error RIG=FILE is missing: see docs/rig.md)) $(ARGS)

bench-breaks: $(VENV)/dev.stamp shim  ## break the product on purpose; a scenario must notice each time
	@$(BIN)/python -m hil.breaks $(ARGS)

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[bench]'
	@touch $@

bench: $(VENV)/bench.stamp shim  ## measure the figures of docs/performance.md; ONLY=line, QUICK=1, HOURS=1, WRITE=1
	@$(BIN)/python -m hil.figures $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick) $(if $(HOURS),--hours $(HOURS)) $(if $(WRITE),--write-docs)

# The pair under all faults in virtual time, on all cores; the report replaces docs/soak.md.
soak: HOURS ?= 1000
soak: OUT ?= docs/soak.md
soak: $(VENV)/dev.stamp  ## the pair in a simulated world of faults; HOURS=1000, OUT=docs/soak.md
	@$(BIN)/python -m tests.sim --soak $(HOURS) --out $(OUT)

life: YEARS ?= 1
life: $(VENV)/dev.stamp  ## a site over simulated years, and what its memory does; YEARS=1, ARGS=--disk
	@$(BIN)/python -m tests.life --years $(YEARS) $(ARGS)

life-soak: MINUTES ?= 120
life-soak: $(VENV)/dev.stamp shim  ## a real pair for hours: growth of each process; MINUTES=120, needs root
	@$(BIN)/python -m hil.life --minutes $(MINUTES)

# As root, onto this machine or into a root tree: DESTDIR=, PREFIX=, SYSTEM_PYTHON=, PIP=.
install:  ## install the package and its service; DESTDIR=, PREFIX=/opt/denban
	@DESTDIR='$(DESTDIR)' PREFIX='$(or $(PREFIX),/opt/denban)' $(if $(SYSTEM_PYTHON),SYSTEM_PYTHON='$(SYSTEM_PYTHON)') $(if $(PIP),PIP='$(PIP)') systemd/install.sh

PACKAGE := $(if $(SYSTEM_PYTHON),SYSTEM_PYTHON='$(SYSTEM_PYTHON)') $(if $(PIP),PIP='$(PIP)') systemd/package/build.sh

package:  ## build the Debian package into build/package; see docs/package.md
	@$(PACKAGE)

sbom:  ## list what the package is made of in build/denban.sbom.json
	@STAGE_ONLY=1 $(PACKAGE)

image: $(VENV)/dev.stamp  ## build the image of the machine bench into build/image
	@$(BIN)/python -m hil.machine.image

image-bare: $(VENV)/dev.stamp  ## the same, and machines on which the package is installed by the guide
	@$(BIN)/python -m hil.machine.image --bare

format: $(VENV)/dev.stamp  ## format and fix what can be fixed
	@$(BIN)/ruff check --fix edge hil tests systemd
	@$(BIN)/ruff format edge hil tests systemd

clean:  ## remove everything that was built
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
