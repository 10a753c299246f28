# Anfang. `make run` shows it, `make test` proves it; both prepare what they need.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

# The tests start many Pythons. Where bytecode is not written each compiles all that it imports, every time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test check style bench hostile lock system-needs

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## create .venv and install what requirements.txt lists

# The stamp lies inside .venv, so that removing .venv is all it takes to begin anew.
$(INSTALLED): requirements.txt .ci/environment
	@PYTHON='$(PYTHON)' .ci/environment
	@touch $@

run: setup ## start everything with a demo; Ctrl-C stops it (PORT, ANFANG_HOME, DATABASE_URL, S3_ENDPOINT_URL, SMS=twilio-fake)
	@exec $(BIN)/python -m server.embedded run

test: setup system-needs style ## checks and all tests, the rules of the architecture among them
	$(BIN)/python -m pytest -n 2

check: style ## style, types and the rules of the architecture: seconds
	$(BIN)/python -m pytest tests/architecture

style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup system-needs ## measure, side by side in one run
	$(BIN)/python -m bench

hostile: setup ## inspect thousands of malicious and odd files (FILES, SEED)
	$(BIN)/python -m tests.storage.hostile $(or $(FILES),5000) $(SEED)

lock: setup ## write requirements.txt from requirements.in
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url -o requirements.txt requirements.in

system-needs:
	@.ci/system-needs
