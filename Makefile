# Everything starts here: `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help run test check bench bench-payments fuzz second-opinion setup lock format

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

bench-payments: setup ## measure how messages of payment services are taken, and how soon they stand in the books
	@PYTHONPATH=tests exec $(BIN)/python tests/bench payments

fuzz: setup ## try many more sequences of events, refunds and amounts against the books than the tests do
	@LUMBUNG_FUZZ=1 exec $(BIN)/python -m pytest -q tests/payments/test_payments_fuzz.py $(ARGS)

second-opinion: setup ## run the fake Stripe's flows against localstripe, too, which is fetched for it
	@$(BIN)/python infra/second_opinion.py

setup: ## make the environment (.venv, node_modules); does nothing the second time
	@$(PYTHON) -I -S infra/setup.py

lock: setup ## remake requirements.lock and package-lock.json from their bounds
	@$(BIN)/python infra/lock.py $(ARGS)

format: setup ## put the code into its one shape
	@$(BIN)/ruff check --fix-only --quiet platform tests infra; $(BIN)/ruff format --quiet platform tests infra
