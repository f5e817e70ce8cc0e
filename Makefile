# Lupu. "make" alone explains every target.

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip install -qq --disable-pip-version-check
PIP_FAILED := { echo "pip did not get them; what it said is above. Run make again once it can."; exit 1; }
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev
PINS := requirements.txt requirements-db2.txt setup.py
# Most tests wait most of their time: for brokers, browsers, deadlines.
SIDE_BY_SIDE := --dist loadscope --no-loadscope-reorder
COMPILED := build/compiled
PACKAGES := adapters certs deploy dmz_gateway hub internal_apps lupu schemas

# Without it each of hundreds of processes would compile all sources anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo try test check production clusters release compiled promises kills chaos soak season simulate bench clean

help: ## Explain every target
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo ONCE=1     ends after the table and leaves nothing running"
	@echo "  make test T=tests/unit K=guard   runs only these"
	@echo "  make chaos MINUTES=60 SEED=17   a thousand faults; DATABASE=sqlite: not on PostgreSQL; CLUSTERS=1: clusters"
	@echo "  make clusters ROUNDS=4           kills each side's leading node four times"
	@echo "  make production LINK_SECONDS=60  breaks links for as long as production's heartbeat"

setup: $(INSTALLED_DEV) ## Make the virtual environment with pinned Python packages
	@echo "Ready: $(BIN)/lupu --help"

demo: servers-for-demo $(INSTALLED) ## Start everything, let an agency book, stay up (ONCE=1: end)
	@$(BIN)/python -m deploy.local.demo $(if $(ONCE),--once) \
	    $(if $(PORT),--port $(PORT)) $(if $(STAFF_PORT),--staff-port $(STAFF_PORT)) \
	    $(if $(FOLDER),--folder $(FOLDER))

try: $(INSTALLED) ## A first look in one process: no root, no broker (proves nothing)
	@$(BIN)/python -m deploy.local.first_look

test: servers-for-test $(INSTALLED_DEV) client-stacks ## Run every test, on real brokers and databases
	$(BIN)/pytest -n 3 $(SIDE_BY_SIDE) --ignore=tests/production --ignore=tests/clusters $(T) $(if $(K),-k '$(K)')

check: $(INSTALLED_DEV) ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .

release: $(INSTALLED) ## Make build/lupu-VERSION.tar, from which a machine is installed
	@sh deploy/release.sh $(BIN)/python

compiled: $(COMPILED)/.made ## Compile what every message passes to C, into build/compiled
	@echo "Ready: PYTHONPATH=$(COMPILED) $(BIN)/lupu --help"

production: STACKS := tests/production
production: servers-for-test $(INSTALLED_DEV) client-stacks ## Try what a real network and operator do (as root)
	$(if $(LINK_SECONDS),LINK_SECONDS=$(LINK_SECONDS) )$(BIN)/pytest -q -n 2 $(SIDE_BY_SIDE) $(if $(K),-k '$(K)') \
	    $(or $(T),tests/production)

clusters: servers-for-test $(INSTALLED_DEV) ## Have nodes of clusters die, hang, be lost and started anew
	CLUSTER_ROUNDS=$(or $(ROUNDS),1) $(BIN)/pytest -q tests/clusters tests/production/test_clusters.py

promises: servers-for-test $(INSTALLED_DEV) ## Try each promise on the real system and print its figures
	$(BIN)/pytest -q -m promise

kills: servers-for-test $(INSTALLED_DEV) ## Kill every process and broker ten times each under load
	KILLS=10 $(BIN)/pytest -s tests/production/test_kills.py

chaos: servers-for-test $(INSTALLED_DEV) ## Throw faults of every kind at it under load for MINUTES=3 (as root)
	@$(BIN)/python -m tests.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) \
	    $(if $(FAULTS),--faults $(FAULTS)) $(if $(DATABASE),--database $(DATABASE)) $(if $(CLUSTERS),--clusters)

soak: servers-for-test $(INSTALLED_DEV) ## Load it for HOURS=0.1 without faults; print what grows meanwhile
	@$(BIN)/python -m tests.chaos.soak $(if $(HOURS),--hours $(HOURS)) $(if $(DATABASE),--database $(DATABASE))

season: servers-for-test $(INSTALLED_DEV) ## Live through DAYS=184 on moved clocks; print what grows meanwhile
	@$(BIN)/python -m tests.chaos.season $(if $(DAYS),--days $(DAYS)) $(if $(DATABASE),--database $(DATABASE))

simulate: $(INSTALLED_DEV) ## Try to break the bridge by SEEDS=1000 seeds of trouble, or one SEED=17
	@$(BIN)/python -m tests.simulation $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FIRST),--first $(FIRST)) \
	    $(if $(SEED),--seed $(SEED)) $(if $(PLAN),--plan '$(PLAN)')

bench: servers-for-bench $(INSTALLED_DEV) $(COMPILED)/.made ## Measure; prints lines "name value unit"
	@$(BIN)/python -m bench $(N)

$(COMPILED)/.made: $(INSTALLED_DEV) compiled.txt setup.py $(shell find $(PACKAGES) -type f -not -name '*.pyc' -not -name '*.mo')
	@sh deploy/install-debian.sh compile
	@echo "Compiling into $(COMPILED)"
	@rm -rf build
	@LUPU_COMPILED=1 $(PIP) --no-deps --no-build-isolation --target $(COMPILED) . || \
	    { echo "It did not compile; what the compiler said is above."; exit 1; }
	@touch $@

clean: ## Remove what the targets above made, the virtual environment included
	rm -rf .venv run build tests/clients/node/node_modules tests/production/asyncapi/node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: servers-for-demo servers-for-test servers-for-bench client-stacks
servers-for-demo:
	@sh deploy/install-debian.sh demo

servers-for-bench:
	@sh deploy/install-debian.sh bench

servers-for-test:
	@sh deploy/install-debian.sh test

client-stacks:
	@for folder in $$(find $(or $(STACKS),tests/clients) -name package-lock.json -not -path '*/node_modules/*' \
	    -exec dirname {} \;); do \
	    [ -d $$folder/node_modules ] || npm ci --silent --no-audit --no-fund --prefix $$folder; \
	done

# pip comes last: a .venv without it was left half made.
.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing: apt-get install python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	    echo "Making .venv failed: as root, apt-get install python3-venv; then run make again."; exit 1; }

# A missing Db2 driver switches Db2 off and nothing else.
$(INSTALLED): $(PINS) | .venv/bin/pip
	@echo "Installing the pinned Python packages into .venv"
	@$(PIP) -r requirements.txt || $(PIP_FAILED)
	@$(PIP) -r requirements-db2.txt || echo "IBM's Db2 driver is not to be had here: Db2 is off."
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	@$(PIP) -r requirements-dev.txt || $(PIP_FAILED)
	@touch $@
