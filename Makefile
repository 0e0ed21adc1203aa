# Every target sets itself up: nothing but Python 3.11+, make and git is needed beforehand.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WORKFLOWS := docs/ci/github-actions.yml $(wildcard .github/workflows/*.yml)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# What pytest makes of the tests is kept: collecting them anew takes three times as long, in every process.
unexport PYTHONDONTWRITEBYTECODE
# One process for each core, at least two; what one file holds runs in one of them, longest files first.
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(READY) ## prove two embedded environments disjoint, on real servers
	$(BIN)/disjoint demo

test: $(READY) ## the tests, real servers included (about nine minutes on 2 cores)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not long"

test-all: $(READY) ## and every world of the catalogue, one process each, and the long runs
	HYPOTHESIS_PROFILE=searching $(BIN)/python -m pytest $(SIDE_BY_SIDE)

lint: $(READY) ## what CI runs before the tests: format, lint, types, architecture
	$(BIN)/ruff format --check src tests bench docs
	$(BIN)/ruff check src tests bench docs
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --quiet --offline --no-progress --collect all --strict-collection action.yml .pre-commit-hooks.yaml $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci docs/ci/gitlab-ci.yml

bench: $(READY) ## ratios against peers and physical limits, in one run (BENCH=name for one)
	$(BIN)/python bench/run.py $(BENCH)

fuzz: $(READY) ## ten minutes of coverage-guided fuzzing of the verifier (SECONDS=n for less)
	$(BIN)/python tests/fuzz/verify_certificate.py -max_total_time=$(or $(SECONDS),600)

mutate: $(READY) ## change the verifier in every small way; 95 % must be noticed
	$(BIN)/python tests/mutants.py

conformance: $(READY) ## write conformance/ anew, with fresh keys
	$(BIN)/python tests/conformance_maker.py

lock: $(READY) ## renew requirements.lock: hashes, no index address
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-annotate --extra demo --extra dask --extra fast --extra journal --extra psi --group dev pyproject.toml -o requirements.lock

clean: ## remove what the targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build

# The lock is installed by hash; our own package comes after it, from the checkout, with nothing fetched.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "disjoint needs Python 3.11 or newer; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setting up .venv (once, about a minute)"
	@$(PYTHON) -m venv .venv || { echo "python3-venv is missing: apt install python3-venv"; rm -rf .venv; exit 1; }
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

.PHONY: help demo test test-all lint bench fuzz mutate conformance lock clean
