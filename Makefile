# Two commands do everything on a fresh machine with Python >= 3.11: `make certify` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: certify test lint types layers tests acceptance benchmarks clean

# Set-up, once: a virtual environment with the pinned versions. Plain installs; nothing outside this folder changes.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mcsopt needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	@echo "installing the pinned packages into $(VENV) (a minute or two, once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

# The main job: greedy and ASPIRE-Off on the embedded market, with the proved optimum and a certificate of each gap.
certify: $(VENV)/.ready
	$(BIN)/mcsopt certify --problem offline-welfare --heuristic greedy --heuristic aspire-off --certificate certificate.json
	$(BIN)/mcsopt verify certificate.json

# Every check, as CI runs it.
test: lint types layers tests

lint: $(VENV)/.ready
	$(BIN)/ruff check mcsopt tests benchmarks notebooks
	$(BIN)/ruff format --check mcsopt tests benchmarks notebooks

types: $(VENV)/.ready
	$(BIN)/mypy

layers: $(VENV)/.ready
	$(BIN)/lint-imports

# Coverage is that of the tests which mirror the code: the conformance suite, the notebooks and the documents, which run
# everything at length, would gain little by it and take twice as long. Kernels run twice: compiled with everything else,
# and as plain Python so that coverage sees their branches.
AT_LENGTH := tests/conformance tests/benchmarks tests/notebooks
tests: $(VENV)/.ready
	rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report= --cov-fail-under=0 tests $(AT_LENGTH:%=--ignore=%)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --doctest-modules --doctest-glob="*.md" $(AT_LENGTH) mcsopt README.md docs
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m kernel --cov --cov-append --cov-report= --cov-fail-under=0 tests
	$(BIN)/python -m coverage report

# What takes minutes to an hour: the large-case checks of the issues, printed as a table.
acceptance: $(VENV)/.ready
	$(BIN)/python -m benchmarks.acceptance

benchmarks: $(VENV)/.ready
	$(BIN)/python -m benchmarks.evaluation
	$(BIN)/python -m benchmarks.aspire_off
	$(BIN)/python -m benchmarks.equilibria
	$(BIN)/python -m benchmarks.knapsack
	$(BIN)/python -m benchmarks.coalitions

clean:
	rm -rf $(VENV) .coverage .coverage.* certificate.json
