# Everything starts here, with nothing but Python 3.11 or newer and make. The first call sets up .venv; later ones do not.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# uv where it is there, as it is quicker; else pip
UV := $(shell command -v uv 2>/dev/null)
MAKE_VENV = $(if $(UV),uv venv --quiet --seed --python "$$(command -v $(PYTHON))" $(VENV),$(PYTHON) -m venv $(VENV))
INSTALL = $(if $(UV),uv pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet)

# Python starts twice as fast where it may keep what it has compiled, and tests start it thousands of times.
export PYTHONDONTWRITEBYTECODE :=

# tests that kill processes and servers and fill disks: one at a time
ALONE := tests/end_to_end tests/executors tests/programs tests/stores tests/test_soak.py

.PHONY: help demo test lint docs bench test-integrations ci clean
.DELETE_ON_ERROR:

help:
	@echo "make demo               tune a small network on handwritten digits, about a minute"
	@echo "make test               every test"
	@echo "make lint               format, lint, types, layers"
	@echo "make docs               the guide as pages, in build/docs"
	@echo "make bench              the programs of benchmarks/"
	@echo "make test-integrations  the tests that need large optional libraries or servers"
	@echo "make clean              delete .venv and everything that was made here"

demo: $(VENV)/.has-examples
	$(BIN)/python examples/digits.py

test: $(VENV)/.has-test
	$(BIN)/python -m pytest -m "not integration" -n auto --dist loadfile $(ALONE:%=--ignore=%)
	$(BIN)/python -m pytest -m "not integration" $(ALONE)

test-integrations: $(VENV)/.has-integrations
	$(BIN)/python -m pytest -m integration

# lint and test, with every optional library installed
ci: $(VENV)/.has-ci lint test

lint: $(VENV)/.has-lint
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.has-docs
	$(BIN)/sphinx-build -W --keep-going -q docs build/docs
	@echo "open build/docs/index.html"

bench: $(VENV)/.has-bench
	for program in benchmarks/*.py benchmarks/schedulers/*.py; do echo "== $$program"; $(BIN)/python "$$program" || exit 1; done

clean:
	rm -rf $(VENV) .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache build dist
	rm -rf examples/*.db examples/*.db-wal examples/*.db-shm examples/*.files

# PyTorch first and by itself, so that a build without GPU libraries is taken where one is at hand.
$(VENV)/.has-torch: | $(BIN)/python
	$(INSTALL) $(if $(PIP_FIND_LINKS),--find-links "$(PIP_FIND_LINKS)") torch==2.13.0
	@touch $@

$(VENV)/.has-ci $(VENV)/.has-integrations: $(VENV)/.has-torch

# .venv/.has-test says that what the extra `test` of pyproject.toml names is installed; likewise the others.
$(VENV)/.has-%: pyproject.toml | $(BIN)/python
	$(INSTALL) -e ".[$*]"
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("rung needs Python 3.11 or newer, $(PYTHON) is " + sys.version.split()[0] + ". Say: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(MAKE_VENV)
