# Everything happens in `.venv`; the first call installs what is needed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all ds1000 lint types imports unit wheel bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP)  ## create .venv and install WizardCoder with all extras

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("WizardCoder needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; use make PYTHON=...") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m compileall -q src
	@touch $@

demo: install  ## the whole paper in miniature: about six minutes on two cores, ends with a report
	$(BIN)/wizardcoder run recipes/miniature.toml --out runs/demo

test: lint types imports unit wheel  ## what CI runs

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

unit: install
	$(BIN)/python -m pytest -n 2 --dist loadscope -m 'not slow'

wheel: install  ## build the wheel, install it alone into an empty environment, run it
	$(BIN)/python tests/check_wheel.py

ds1000: install  ## the environment that DS-1000 runs on, if it is not there (about 900 MB)
	$(BIN)/python -c 'import sys; from wizardcoder.benchmarks import environment; sys.exit(environment.find() is None)' \
		|| $(BIN)/wizardcoder doctor ds1000 --install

test-all: test ds1000  ## the slow proofs as well: kill -9, hostile programs, load, DS-1000, the demo
	$(BIN)/python -m pytest -n 2 --dist loadscope -m slow
	$(MAKE) demo

bench: install  ## the claim with all its controls and three training seeds (about an hour)
	$(BIN)/python bench/claim.py      # the others name their peers: head bench/*.py

clean:  ## remove what was built (never runs/)
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
