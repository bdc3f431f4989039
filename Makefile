# Two commands matter: `make demo` and `make test`. Both need Python 3.11, git and make, nothing else.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint bench faults lock clean

demo: $(VENV)/.runtime
	$(BIN)/python -m demo $(if $(ONCE),--once)

# Files of tests are spread over the machine's cores; whoever names files in ARGS gets them in one process, at once.
SPREAD := -n auto --maxprocesses 4 --dist loadfile

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

# The locks name versions and hashes, no address: pip takes its index from the machine it runs on.
lock:
	uv pip compile pyproject.toml --extra build --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -c requirements.lock -o requirements-dev.lock

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis var
