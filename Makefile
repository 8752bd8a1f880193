# ScanPost. Needs Python 3.11 or newer and nothing else: `make demo`, `make test`.
PYTHON ?= python3
RUNTIME ?= cpython
BIN = .venv/bin
# The demo has an environment of its own, until there is the one with everything.
DEMO_BIN = $(if $(wildcard .venv/installed),.venv,.venv-demo)/bin

.PHONY: venv demo test test-fast lint soak benchmark clean

# Everything: what the project, its tests and its checks need.
venv: .venv/installed .venv-interop/installed

.venv/installed: INSTALL = --editable ".[simulator,test,lint]"
.venv/installed: pyproject.toml firmware/system/version.py

# Other people's COSE libraries need a cbor2 that the project must not have.
.venv-interop/installed: INSTALL = --requirement tests/verify_interop/requirements.txt
.venv-interop/installed: tests/verify_interop/requirements.txt

# What a user installs, and the simulator.
.venv-demo/installed: INSTALL = --editable ".[simulator]"
.venv-demo/installed: pyproject.toml

%/installed:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(INSTALL)
	touch $@

demo: $(DEMO_BIN:/bin=/installed)
	$(DEMO_BIN)/python -m host_tools.demo --runtime $(RUNTIME)

test: venv lint
	$(BIN)/python -m pytest -n auto
	$(BIN)/python -m host_tools.demo --runtime cpython
	$(BIN)/python -m host_tools.demo --runtime micropython

# What breaks most often, in under a minute on two idle cores: no torture, no MicroPython, no chip.
FAST = $(addprefix tests/firmware/,app drivers ui system) tests/firmware/link/test_frames.py \
  $(addprefix tests/firmware/verify/,test_base45.py test_cbor.py test_cose.py test_trust.py) \
  $(addprefix tests/host_tools/,test_store.py test_hostile_bytes.py) tests/test_docs.py
test-fast: venv
	$(BIN)/python -m pytest -n auto $(FAST)

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m tools.check_firmware

soak: venv
	SCANPOST_SOAK=1 $(BIN)/python -m pytest -n auto
	$(BIN)/python -m tools.demo_soak --times 50

benchmark: venv
	$(BIN)/python benchmarks/curve25519.py
	$(BIN)/python benchmarks/journal.py

clean:
	rm -rf .venv .venv-interop .venv-demo build .demo
