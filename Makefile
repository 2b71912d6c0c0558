# Everything is set up by the first target that needs it: a virtual environment in .venv and, for the
# local Supabase, npm packages in tests/stack/node_modules. Needs Python 3.11+, Node 20+ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STACK := tests/stack
PYTEST := $(BIN)/python -m pytest -q
RULES := listing_sync/cells/*,listing_sync/changes/*,listing_sync/history/*,listing_sync/reliability/*

.PHONY: test test-versions mutants check demo demo-up bench chaos format man messages pins setup clean

## test: everything: format, lint, types, and all tests against the local stack
test: setup lint
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n auto --dist loadgroup
	$(BIN)/coverage combine -q
	$(BIN)/coverage report
	$(BIN)/coverage report --include="$(RULES)" --fail-under=100

## check: the quick, offline part, for every commit
check: $(VENV)/ready lint
	$(PYTEST) -n auto -m "not slow" --hypothesis-profile=quick tests/unit

.PHONY: lint
lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

## demo: the main job on a sample sheet, explained, against a local Supabase and Google
demo: setup
	@$(BIN)/python -m tests.stack.demo

## demo-up: the same stack, kept running until Ctrl-C
demo-up: setup
	@$(BIN)/python -m tests.stack.demo --keep

## bench: how fast and how small, beside the bare minimum; BESIDE=COMMIT: beside an older build
bench: setup
	$(BIN)/python -m tests.bench $(if $(BESIDE),--beside $(BESIDE)) $(if $(ONLY),--only $(ONLY))

## test-versions: the offline tests with the lowest and the newest versions of everything; for a release
test-versions: $(VENV)/ready
	$(BIN)/pip install -q --disable-pip-version-check uv
	$(BIN)/python -m tests.versions

## mutants: change plan, compare and validator in every small way, and say what no test noticed
mutants: $(VENV)/ready
	$(BIN)/python -m tests.mutants

## chaos: fault schedules and kills for as long as one likes: make chaos SCHEDULES=2000 HISTORIES=2000 KILLS=100
SCHEDULES ?= 2000
KILLS ?= 100
HISTORIES ?= 2000
chaos: setup
	CHAOS_SCHEDULES=$(SCHEDULES) CHAOS_KILLS=$(KILLS) CHAOS_HISTORIES=$(HISTORIES) \
		$(PYTEST) -n auto tests/chaos tests/cli/test_rollback_histories.py

## format: rewrite the code in its style
format: $(VENV)/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(VENV)/ready $(STACK)/node_modules/ready

$(VENV)/ready: pyproject.toml tests/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r tests/requirements.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q listing_sync
	touch $@

$(STACK)/node_modules/ready: $(STACK)/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
	  || { echo "Node 20 or newer is needed"; exit 1; }
	npm ci --prefix $(STACK) --no-audit --no-fund --silent
	touch $@

## pins: pin every package anew, with its hashes, for every Python and system; newer ones with UPGRADE=1
pins: $(VENV)/ready
	$(BIN)/pip install -q --disable-pip-version-check uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-strip-extras \
		--no-header --no-annotate --python-version 3.11 --all-extras --group build \
		$(if $(UPGRADE),--upgrade) pyproject.toml -o tests/requirements.txt
	sed -i '1i # Every package of the tests, pinned with the hashes of its files: `make pins` writes it.' \
		tests/requirements.txt

## man: write the man page anew, from the command line itself
man: $(VENV)/ready
	$(BIN)/python -m tests.man_page

## messages: extract the sentences of the source into the catalogues, and compile these
messages: $(VENV)/ready
	$(BIN)/python -m tests.messages

## clean: remove what the other targets made
clean:
	rm -rf $(VENV) $(STACK)/node_modules .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
