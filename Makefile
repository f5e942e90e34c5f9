# What a developer types. `make` alone explains every target.
#
# Everything is installed into .venv from the committed locks, hashes checked, and again when a lock changes. That
# needs Python 3.11 or newer, make and a network for pip; nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Test processes, one more than processors and at most four; each has a database and a Valkey of its own. Some tests
# wait for other processes: with two test processes two processors were idle for an eighth of the time, with three for
# a thirtieth.
JOBS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ "$$n" -le 3 ] && echo "$$((n + 1))" || echo 4)
TESTS ?=

# Checks read the settings, but reach no server: the port is closed.
CHECK_ENV := PORTAL_SANDBOX=1 DATABASE_URL=postgres://check@127.0.0.1:9/check REDIS_URL=redis://127.0.0.1:9/0
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --strip-extras --allow-unsafe
CHECKS := check-types check-format check-lint check-floors check-migrations check-deploy check-docs check-locks
# Types take as long as all others together. What two checks say isn't mixed, where make knows how.
IN_TURN := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
SANDBOX := $(VENV)/.installed-sandbox
DEV := $(VENV)/.installed-dev
# Each part of the portal is a process, and tests start hundreds: all that start after the first find modules compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.SHELLFLAGS := -eu -c
.DELETE_ON_ERROR:

.PHONY: help
help: ## Explain every target
	@echo "make TARGET, where TARGET is one of"
	@echo
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables: PORT (8000) and HOST (127.0.0.1) for run; PYTHON (python3) to choose a Python;"
	@echo "DATABASE_URL, REDIS_URL, AWS_ENDPOINT_URL for servers of your own in place of the embedded ones;"
	@echo "TESTS to choose tests, as in: make test TESTS='tests/unit -k policy'; JOBS for test processes (one more than processors, 4 at most)."

.PHONY: run
run: $(SANDBOX) ## Run the whole portal on this machine, in the foreground, with demonstration data
	@exec $(BIN)/python -m portal.sandbox

# Files go to processes in the order of tests/conftest.py, the longest first: none of those may come last.
.PHONY: test
test: $(DEV) ## Run every test, with a PostgreSQL and a Valkey of the tests' own
	@$(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=loadfile --no-loadscope-reorder $(TESTS)

.PHONY: e2e
e2e: $(DEV) ## Run the browser tests alone; they need Chromium
	@$(BIN)/python -m pytest tests/e2e $(TESTS)

.PHONY: check
check: $(DEV) ## Check everything that needs no server
	@$(MAKE) --no-print-directory --jobs=2 $(IN_TURN) $(CHECKS)
	@echo "All checks passed."

.PHONY: check-format
check-format: $(DEV)
	@$(BIN)/ruff format --check --quiet . || { echo; echo "Format them with: make format"; exit 1; }

.PHONY: check-lint
check-lint: $(DEV)
	@$(BIN)/ruff check --quiet .

.PHONY: check-types
check-types: $(DEV)
	@$(CHECK_ENV) $(BIN)/mypy --no-error-summary

.PHONY: check-floors
check-floors: $(DEV)
	@$(CHECK_ENV) $(BIN)/lint-imports --no-logo >$(VENV)/floors.log 2>&1 || { cat $(VENV)/floors.log; exit 1; }

# Without a database Django warns that it can't compare with what is applied; that is not asked here.
.PHONY: check-migrations
check-migrations: $(DEV)
	@$(CHECK_ENV) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run \
		>$(VENV)/migrations.log 2>&1 || { cat $(VENV)/migrations.log; \
		echo "Make them with: make migrations"; exit 1; }

# Production settings, with secrets thrown away right after.
.PHONY: check-deploy
check-deploy: $(DEV)
	@secret() { $(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))'; }; \
	env -u PORTAL_SANDBOX -u DEBUG SECRET_KEY="$$(secret)" PORTAL_AUDIT_KEY="$$(secret)" ALLOWED_HOSTS=portal.example \
		DATABASE_URL=postgres://check@127.0.0.1:9/check REDIS_URL=redis://127.0.0.1:9/0 \
		$(BIN)/python manage.py check --deploy --fail-level WARNING >$(VENV)/deploy.log 2>&1 \
		|| { cat $(VENV)/deploy.log; exit 1; }

.PHONY: check-docs
check-docs: $(DEV)
	@$(CHECK_ENV) $(BIN)/python manage.py docs --check

.PHONY: check-locks
check-locks:
	@if grep -nE '://|^--' requirements/*.txt; then \
		echo "A lock names an index or a host. Make it again with: make lock"; exit 1; fi

.PHONY: migrations
migrations: $(DEV) ## Write migrations for models that changed
	@$(CHECK_ENV) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations

.PHONY: format
format: $(DEV) ## Format the code, and repair what the linter can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

.PHONY: lock
lock: $(DEV) ## Compile requirements/*.in into locks; UPGRADE=1 takes newer versions
	@for name in pip base sandbox dev bench; do \
		$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file=requirements/$$name.txt requirements/$$name.in; done

.PHONY: docs
docs: $(DEV) ## Write the generated pages of docs/ again
	@$(CHECK_ENV) $(BIN)/python manage.py docs

.PHONY: bench
bench: $(DEV) ## Measure; one line of JSON for each figure
	@for file in $$(grep -l '^if __name__' bench/*.py); do \
		$(BIN)/python -m "bench.$$(basename $$file .py)"; done

SEEDS ?= 20
REQUESTS ?= 60
.PHONY: soak
soak: $(DEV) ## Let everything go wrong at once; SEEDS (20), REQUESTS (60) a seed, SOAK="--first-seed 7" to replay one
	@$(BIN)/python -m tests.faults.soak --seeds $(SEEDS) --requests $(REQUESTS) $(SOAK)

PAIRS ?= 4000
.PHONY: fuzz
fuzz: $(DEV) ## Compare PAIRS (4000) random policies, each with 25 random requests; FUZZ_FIRST_SEED=7 PAIRS=1 replays one
	@FUZZ_PAIRS=$(PAIRS) $(BIN)/python -m pytest -q tests/unit/policy/compare/test_properties.py

.PHONY: shell
shell: $(DEV) ## Open a Django shell on the running sandbox's data
	@$(BIN)/python -m portal.sandbox.manage shell

.PHONY: install
install: $(DEV) ## Install what developing needs, without running anything

.PHONY: clean-data
clean-data: $(SANDBOX) ## Remove the sandbox's data: the next make run starts afresh
	@$(BIN)/python -m portal.sandbox.forget

.PHONY: clean
clean: ## Remove what was built and installed; the sandbox's data stay (see clean-data)
	@rm -rf staticfiles test-results .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@if [ ! -L $(VENV) ]; then rm -rf $(VENV); fi

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)."; \
		echo "Name another with: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(SANDBOX): requirements/pip.txt requirements/sandbox.txt | $(VENV)/pyvenv.cfg
	$(call install,sandbox)

$(DEV): requirements/pip.txt requirements/dev.txt | $(VENV)/pyvenv.cfg
	$(call install,dev)
	@touch $(SANDBOX)

# pip says nothing unless it fails. It compiles nothing: Python keeps what it compiles when it first imports a module,
# and most of what is installed never is.
define install
	@echo "Installing requirements/$(1).txt into $(VENV), which takes up to a minute the first time."
	@for lock in pip $(1); do $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
		--no-compile --require-hashes -r requirements/$$lock.txt >$(VENV)/pip.log 2>&1 || { cat $(VENV)/pip.log; exit 1; }; done
	@touch $(VENV)/.installed-$(1)
endef
