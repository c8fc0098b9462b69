# `make demo` runs the whole pipeline on real pictures to a report, `make demo-table` on a real table, `make demo-hard` on pictures
# that leave room for a gain, `make test` the tests.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

TABLE := .tailweight/demo-table
HARD := .tailweight/demo-hard

.PHONY: demo demo-table demo-hard test slow clean

demo: $(BIN)/.installed
	tailweight run

demo-table: $(TABLE)/project/params.yaml
	tailweight -C $(TABLE)/project run

$(TABLE)/project/params.yaml: | $(BIN)/.installed
	python examples/breast_cancer.py $(TABLE)
	tailweight init $(TABLE)/project --table $(TABLE)/train.csv --test $(TABLE)/test.csv --label tumour

demo-hard: $(HARD)/project/params.yaml
	tailweight -C $(HARD)/project run

$(HARD)/project/params.yaml: | $(BIN)/.installed
	python examples/hidden_digits.py $(HARD)/images
	tailweight init $(HARD)/project --images $(HARD)/images

test: $(BIN)/.installed
	ruff check
	ruff format --check
	mypy
	pytest --numprocesses auto --maxprocesses 4

slow: $(BIN)/.installed
	pytest -m slow --numprocesses auto --maxprocesses 4

$(BIN)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .tailweight .pytest_cache .mypy_cache .ruff_cache
