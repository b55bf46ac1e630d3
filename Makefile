# What a person runs here; `make help` lists it. Every target makes its environment first.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell scripts/python)
MEMBERS ?= 5000
SEED ?= 1
ROWS ?= 1000000
# The demo's shop is made round this day and kept, so that every look at it finds the same rows.
ANCHOR := 2026-11-24
AS_OF ?= $(ANCHOR)
# Tests wait for servers and for other processes: one more than there are processors.
WORKERS ?= $(shell echo $$(( $$(nproc) + 1 )))
BIN := .venv/bin
# Tests and the demo start many processes: each would compile everything it imports anew, which takes it seconds.
unexport PYTHONDONTWRITEBYTECODE
DEMO := var/demo

.PHONY: help setup demo up demo-reset test test-fast proof bench lint servers findings requirements

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.ready ## the environment in .venv, from requirements.lock

.venv/.ready: requirements.lock pyproject.toml
	@echo "making .venv from requirements.lock"
	python="$(PYTHON)"
	"$${python:?none was found}" -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

demo: setup ## a shop's database, a night over it in Airflow, and the report; no server
	@$(BIN)/python scripts/demo "$(DEMO)" "$(MEMBERS)" "$(SEED)" "$(ANCHOR)" "$(AS_OF)"

up: setup ## Airflow's interface with the demo, on loopback; Ctrl-C stops it
	@$(BIN)/python scripts/up "$(DEMO)" "$(MEMBERS)" "$(SEED)" "$(ANCHOR)"

demo-reset: ## forget the demo
	@rm -rf "$(DEMO)"
	echo "the demo is forgotten"

define LINT
$(BIN)/ruff check .
$(BIN)/ruff format --check .
$(BIN)/mypy
$(BIN)/lint-imports
endef

lint: setup ## ruff, mypy, import directions
	@$(LINT)

servers: ## PostgreSQL and MariaDB for the tests, where they are missing (Debian)
	@scripts/servers

# The types are looked through beside the tests, which leave a processor idle now and then.
test: setup servers ## everything that must hold, on all engines
	@($(LINT)) > .lint.log 2>&1 & lint=$$!
	passed=0
	$(BIN)/pytest -n $(WORKERS) || passed=$$?
	wait $$lint || passed=$$?
	cat .lint.log
	rm -f .lint.log
	exit $$passed

test-fast: setup lint ## what needs no server
	@$(BIN)/pytest -n $(WORKERS) -m "not postgresql and not mariadb and not slow"

proof: setup servers ## the same properties, kills and random cases at full size
	@RETENTION_PROOF=1 $(BIN)/pytest -n $(WORKERS) -s --timeout 3600

bench: setup servers ## how fast and how gentle, against what else there is; ROWS=1000000
	@$(BIN)/python scripts/bench --rows "$(ROWS)"

findings: setup ## docs/findings.md anew, from the codes
	@$(BIN)/python -m retention.check.catalogue > docs/findings.md

requirements: ## write requirements.lock anew
	@$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --frozen --no-emit-project --no-header --all-extras --all-groups --format requirements-txt > requirements.lock
