# Everything a person does with this repository. `make help` lists it.
# Needs Python 3.11 or newer, make and git; all the rest goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SOURCES := $(sort $(patsubst %/,%,$(dir $(wildcard $(addsuffix /*.py,vigia assets orchestration dashboards ml bench)))))

# One process a core; beyond four the longest unit decides. Images that forbid bytecode files
# would have every program that a test starts compile the same sources again.
TESTS = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n logical --maxprocesses 4

.DEFAULT_GOAL := help
.PHONY: help install demo up test test-all check docs bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make the virtual environment (a minute with uv, a few with plain pip)

demo: $(INSTALLED) ## load real data, run the whole pipeline, print a report, serve everything
	$(BIN)/vigia demo

up: $(INSTALLED) ## serve the platform with the data that is there
	$(BIN)/vigia up

test: $(INSTALLED) ## the everyday tests (about 7 minutes on two cores)
	$(TESTS) -m "not slow"

test-all: $(INSTALLED) ## every test, the slow ones too
	$(TESTS)

check: $(INSTALLED) ## lint, format, types, import arrows
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-cache

docs: $(INSTALLED) ## write the reference pages into docs/reference/
	$(BIN)/vigia docs build

bench: $(INSTALLED) ## measure against the reference engines
	$(BIN)/vigia bench all

lock: $(INSTALLED) ## resolve requirements.lock again from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--no-strip-extras --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock

clean: ## remove caches and generated pages, never data or .venv
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist \
		docs/reference dbt_project/target dbt_project/logs
	find $(SOURCES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# uv does not read pip's configuration: what pip knows about mirrors, local wheels and
# certificates is handed on. Where uv is missing or fails, pip does the same in minutes.
pip_setting = $$($(BIN)/python -m pip config get global.$(1) 2>/dev/null || true)

$(INSTALLED): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "make: could not make $(VENV). Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: Python 3.11 or newer is needed; rm -rf $(VENV), then make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
		|| echo "uv is not to be had here; plain pip takes a few minutes"
	@find_links="$${UV_FIND_LINKS:-$(call pip_setting,find-links)}"; \
	index="$${UV_DEFAULT_INDEX:-$(call pip_setting,index-url)}"; \
	cert="$${SSL_CERT_FILE:-$(call pip_setting,cert)}"; \
	if [ -n "$$find_links" ]; then export UV_FIND_LINKS="$$find_links"; fi; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	if [ -n "$$cert" ]; then export SSL_CERT_FILE="$$cert"; fi; \
	export UV_SYSTEM_CERTS=true; \
	{ test -x $(BIN)/uv && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.lock; } || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
