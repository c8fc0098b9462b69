# Two commands: `make demo` runs the whole pipeline on real pictures to a report, `make test` runs the tests.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test slow clean

demo: $(BIN)/.installed
	tailweight run

test: $(BIN)/.installed
	ruff check
	ruff format --check
	mypy
	pytest

slow: $(BIN)/.installed
	pytest -m slow

$(BIN)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .tailweight .pytest_cache .mypy_cache .ruff_cache
