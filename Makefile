# ScanPost. Needs Python 3.11 or newer and nothing else: `make demo`, `make test`.
PYTHON ?= python3
RUNTIME ?= cpython
BIN = .venv/bin

.PHONY: venv demo test test-fast lint soak benchmark clean

venv: .venv/installed

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[simulator,test,lint]"
	touch $@

demo: venv
	$(BIN)/python -m host_tools.demo --runtime $(RUNTIME)

test: venv lint
	$(BIN)/python -m pytest -n auto
	$(BIN)/python -m host_tools.demo --runtime cpython
	$(BIN)/python -m host_tools.demo --runtime micropython

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tools.check_firmware

soak: venv
	SCANPOST_SOAK=1 $(BIN)/python -m pytest -n auto
	$(BIN)/python -m tools.demo_soak --times 50

benchmark: venv
	$(BIN)/python benchmarks/curve25519.py
	$(BIN)/python benchmarks/journal.py

clean:
	rm -rf .venv build .demo
