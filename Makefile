# make repro   the demo: raw Fashion-MNIST to tables and pictures
# make test    lint, types, import contracts, tests

PYTHON ?= $(firstword $(foreach v,3.13 3.12 3.11 3,$(shell command -v python$(v) 2>/dev/null)))
CORES ?= 2
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: repro test quick lint setup clean

repro: setup
	snakemake --cores $(CORES) --quiet rules --rerun-incomplete -- all
	@rdm show results/demo

test: setup lint
	pytest -n $(CORES) --dist loadgroup

quick: setup lint
	pytest -n $(CORES) -m "not slow"

lint: setup
	ruff check
	ruff format --check
	mypy
	lint-imports

setup: .venv/.done

.venv/.done: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; found '$(PYTHON)'. Say which: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Setting up .venv (a few minutes the first time)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt setuptools wheel torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .snakemake results logs
