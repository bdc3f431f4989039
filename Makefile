# Two commands matter: `make demo` and `make test`. Both need Python 3.11, git and make, nothing else.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint bench faults lock shipped sbom audit wheel clean

demo: $(VENV)/.runtime
	$(BIN)/python -m demo $(if $(ONCE),--once)

# Files of tests are spread over the machine's cores; whoever names files in ARGS gets them in one process, at once.
SPREAD := -n auto --maxprocesses 4 --dist loadfile

# Tests start a hundred processes: what the first has compiled the others need not, whatever the machine's habits.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.dev
	$(BIN)/python -m pytest $(if $(findstring tests/,$(ARGS)),,$(SPREAD)) $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(if $(QUICK)$(ARGS),,--svg docs/performance.svg --json var/bench.json) $(ARGS)

faults: $(VENV)/.dev
	$(BIN)/python -m pytest -m faults --hypothesis-profile=default $(if $(PART),-k $(PART))

# What is shipped around the program: its images and manifests are linted, its wheel and its list of parts are made, and docs/growing.md is followed. The
# tools are big and have a lock of their own; without them the tests that need them are skipped.
shipped: $(VENV)/.shipping sbom wheel
	$(BIN)/python -m pytest -m "faults or not faults" tests/test_deploy_containers.py tests/test_shipping.py tests/test_growing.py

sbom: $(VENV)/.shipping
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --of JSON \
	  --validate -o dist/onestop-gateway.cdx.json

# Needs a service of known faults on the network (SERVICE=pypi or osv); where there is none it fails and says so.
LOCK ?= requirements.lock
SERVICE ?= pypi
audit: $(VENV)/.shipping
	$(BIN)/python -m tools.audit $(LOCK) $(SERVICE)

# The same sources give the same bytes: the time is that of the last commit.
wheel: $(VENV)/.runtime
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build -t wheel -d dist

# The locks name versions and hashes, no address: pip takes its index from the machine it runs on.
lock:
	uv pip compile pyproject.toml --extra build --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -c requirements.lock -o requirements-dev.lock
	uv pip compile pyproject.toml --extra build --extra dev --extra shipping --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -c requirements-dev.lock -o requirements-shipping.lock

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	touch $@

$(VENV)/.shipping: $(VENV)/.dev requirements-shipping.lock
	$(PIP) install --require-hashes -r requirements-shipping.lock
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist var
