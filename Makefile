# One command for the world (run), one for the checks (test).
# Needs Python 3.11+, Node 20+, and the package registries; everything else is fetched.

BIN := .venv/bin
PYTEST_ARGUMENTS ?=
# Most of the time the tests wait for calls: two at a time keep two cores busy.
TEST_WORKERS ?= 2
DEMO_ARGUMENTS ?=
BENCH_ARGUMENTS ?=
CHAOS_ARGUMENTS ?=
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup web run demo doctor test test-quick lint format docs bench chaos clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready web/node_modules/.ready  ## Python and Node packages, as locked

.venv/.ready: requirements.lock pyproject.toml
	@echo "Setting up Python ..."
	@deploy/python-environment

web/node_modules/.ready: web/package-lock.json
	@echo "Setting up Node ..."
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web: web/dist/index.html  ## build the screens

web/dist/index.html: web/node_modules/.ready $(WEB_SOURCES)
	@echo "Building the screens ..."
	@cd web && npm run --silent build

run: setup web  ## run everything on this machine (Ctrl-C ends it)
	@exec $(BIN)/hujiao up

demo: setup web  ## a synthetic day: callers call, agents answer (starts all if nothing runs)
	@exec $(BIN)/hujiao demo $(DEMO_ARGUMENTS)

doctor: .venv/.ready  ## what is wrong, and how to mend it
	@exec $(BIN)/hujiao doctor

test: setup web  ## all tests: pure, database, real switch, browser, screens
	$(BIN)/pytest -n $(TEST_WORKERS) $(PYTEST_ARGUMENTS)
	cd web && npm test

test-quick: .venv/.ready  ## the pure tests only
	$(BIN)/pytest tests/unit $(PYTEST_ARGUMENTS)

lint: setup  ## types, style, and the law of imports
	$(BIN)/ruff check src tests benchmarks chaos
	$(BIN)/ruff format --check src tests benchmarks chaos
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run --silent lint && npm run --silent typecheck

format: .venv/.ready  ## put the sources into form
	$(BIN)/ruff check --fix --select I src tests benchmarks chaos
	$(BIN)/ruff format src tests benchmarks chaos

docs: .venv/.ready  ## pages that are made from the code
	$(BIN)/python -m hujiao.events.page > docs/ledger.md

bench: setup  ## measure; results belong into docs/benchmarks.md
	$(BIN)/python -m benchmarks $(BENCH_ARGUMENTS)

chaos: setup  ## kill programs under calls and compare all books (25 minutes; CHAOS_ARGUMENTS="--kills 20")
	$(BIN)/python -m chaos $(CHAOS_ARGUMENTS)

clean:  ## remove what was built; data and caches stay
	rm -rf .venv web/node_modules web/dist test-results .pytest_cache .mypy_cache .ruff_cache
