# make repro   the demo: raw Fashion-MNIST to tables and pictures
# make scenes  text to image on rendered scenes: Table 2 of GenEval, by an exact detector
# make test    lint, types, import contracts, tests
# make bench   loss, sliced Wasserstein, references, memory, plans and feature jobs beside their bars

# The first of these that runs and is new enough.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
CORES ?= 2
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: repro scenes test quick lint bench setup setup-paper setup-dev clean

repro: setup
	snakemake --cores $(CORES) --quiet rules --rerun-incomplete -- main
	@rdm show results/demo

scenes: setup-paper
	snakemake --cores $(CORES) --quiet rules --rerun-incomplete --config profile=scenes -- table2
	@rdm show results/scenes

test: lint
	pytest -n $(CORES) --dist loadscope

quick: lint
	pytest -n $(CORES) -m "not slow"

lint: setup-dev
	ruff check
	ruff format --check
	mypy
	lint-imports

bench: setup-dev
	@failed=; for bench in loss sliced_wasserstein reference peak_memory plan feature_io; do \
	  echo "$$bench"; python benchmarks/$$bench.py || failed=1; done; test -z "$$failed"

setup: .venv/.done

.venv/.done: pyproject.toml constraints.txt
	@$(or $(PYTHON),false) -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "Python 3.11 or newer is needed;" \
	  "found '$(PYTHON)'. Say which: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Setting up .venv (a few minutes the first time)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt setuptools wheel torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable .
	touch $@

# the libraries of FLUX.2 and of the paper's encoders
setup-paper: .venv/.paper

.venv/.paper: .venv/.done
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[paper]'
	touch $@

# the checks' tools, and the libraries of the paper's encoders, which tests build small
setup-dev: .venv/.dev

.venv/.dev: .venv/.done
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .snakemake results logs
