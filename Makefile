PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Three on two cores: every third of the time a worker of the screens' tests waits.
WORKERS ?= 3
INSTALLED := $(VENV)/.installed
# The lessons' full sizes take hours: INITTUI_TORTURE=1 pytest tests/lessons -k full
ATTACKED := tests/resilience tests/runs tests/data tests/documents tests/training/seats \
	tests/views/test_export.py \
	$(addprefix tests/cli/test_,compare_refusals.py detached.py ignored.py interrupt.py \
	main_wrong_options.py memory_limit.py runs.py runs_changed.py)
LONG_FORMS := tests/lessons tests/tui/test_app_monkey.py

.PHONY: demo test torture lint bench zoo snapshots install compiled clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

# As pip does where it copies: tests and benchmarks start processes by the hundred.
compiled: install
	$(BIN)/python -m compileall -q inittui

demo: install
	$(BIN)/inittui compare zeros ones rule

test: compiled
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

torture: compiled
	INITTUI_TORTURE=1 $(BIN)/pytest $(ATTACKED) --timeout=3600
	INITTUI_TORTURE=1 $(BIN)/pytest -m hypothesis --ignore=tests/runs --timeout=3600
	INITTUI_TORTURE=1 $(BIN)/pytest $(LONG_FORMS) -k 'not full' --timeout=3600

lint: install
	$(BIN)/ruff check inittui tests benchmarks
	$(BIN)/ruff format --check inittui tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: compiled
	$(BIN)/pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks

zoo: install
	$(BIN)/pip install --quiet --editable '.[zoo]'
	nice -n 19 $(BIN)/python -m benchmarks.zoo

snapshots: compiled
	$(BIN)/python -m tests.support.write_schemas
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --snapshot-update -m snapshot
	$(BIN)/python -m tests.support.pictures

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist
