# Everything starts here: `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help run test check bench second-opinion setup lock format

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## start Lumbung with two demo cooperatives, on http://localhost:8000
	@exec $(BIN)/lumbung up --demo

test: setup ## run every test, browser tests included
	@CHROMIUM=$$($(BIN)/python infra/chromium.py) || exit 1; \
	LUMBUNG_CHROMIUM="$$CHROMIUM" exec $(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: setup ## lint, types, import contracts, templates, migration drift
	@$(BIN)/python infra/check.py

bench: setup ## measure the figures we promise
	@PYTHONPATH=tests exec $(BIN)/python tests/bench $(ARGS)

second-opinion: setup ## run the Stripe stand-in's flows against localstripe, too, which is fetched for it
	@$(BIN)/python infra/second_opinion.py

setup: ## make the environment (.venv, node_modules); does nothing the second time
	@$(PYTHON) -I -S infra/setup.py

lock: setup ## remake requirements.lock and package-lock.json from their bounds
	@$(BIN)/python infra/lock.py $(ARGS)

format: setup ## put the code into its one shape
	@$(BIN)/ruff check --fix-only --quiet platform tests infra; $(BIN)/ruff format --quiet platform tests infra
