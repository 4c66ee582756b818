# Each target is one obvious command. `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin

NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: \
make PYTHON=python3.13")'

# Hashes: what is installed is what was tested. Nothing that depends on the machine that compiles.
COMPILE = CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# Stacks of the whole project, one at a time, or they have not the processors that they reserve.
STACKS = tests/docs tests/jobs tests/pipeline tests/swarm
# What takes minutes each, the longest first, so that none is left to run alone at the end.
LONG = tests/deploy tests/nodes tests/proxy tests/attack tests/compose tests/app_image tests/lab
# A `make` that a test starts is none of ours.
PYTEST = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(BIN)/pytest
# The project's deploy command is the template's own code, while the rest of its Python is checked when rendered.
DEPLOY = "<<cookiecutter.project_slug>>/deploy"

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

.PHONY: demo
demo: ## Bake the example project and serve it on this machine
	@$(NEW_ENOUGH)
	$(PYTHON) scripts/demo.py

.PHONY: test
test: .venv/requirements.txt ## Run every test that this machine can run; say what was skipped and why
	@# Chromium drops its connections whenever a container comes or goes, so its tests have the machine to themselves.
	$(MAKE) --no-print-directory test-browser
	@# These wait for a swarm most of the time, so two run side by side.
	$(MAKE) --no-print-directory --jobs=2 --keep-going test-stacks test-others

.PHONY: test-quick
test-quick: .venv/requirements.txt ## Run the tests that neither deploy a stack nor open a browser
	$(PYTEST) -m "not browser and not swarm" --ignore=tests/nodes --ignore=tests/pipeline/test_starts.py

.PHONY: test-browser
test-browser: .venv/requirements.txt ## Run the tests in a browser
	$(PYTEST) tests/browser

.PHONY: test-stacks
test-stacks: .venv/requirements.txt ## Run the tests that deploy the whole project
	$(PYTEST) $(STACKS)

.PHONY: test-others
test-others: $(LONG) test-short ## Run all other tests, a folder at a time

.PHONY: $(LONG)
$(LONG): .venv/requirements.txt
	$(PYTEST) $@

.PHONY: test-short
test-short: .venv/requirements.txt ## Run those of the others that take seconds
	$(PYTEST) --ignore=tests/browser $(STACKS:%=--ignore=%) $(LONG:%=--ignore=%)

.PHONY: engine
engine: .venv/requirements.txt ## Start a Docker engine that is a swarm, for the tests that need one
	$(BIN)/python -m lab.engine start --swarm

.PHONY: engine-stop
engine-stop: .venv/requirements.txt ## Stop the engine and the swarm that `make engine` started
	$(BIN)/python -m lab.engine stop

.PHONY: base-images
base-images: .venv/requirements.txt ## Pull the base images, or build stand-ins where no registry is in reach
	$(BIN)/python -m lab.images

.PHONY: bench
bench: .venv/requirements.txt ## Measure the production image: size, builds, start, memory, requests
	$(BIN)/python -m tests.bench --json .cache/bench.json

.PHONY: docs
docs: .venv/requirements.txt ## Build the pages in docs/ as a site, stop at a broken link, and write the page that projects have
	$(BIN)/python -m tests.docs.site

.PHONY: outages
outages: .venv/requirements.txt ## Measure what happens when something dies, and write it into docs/operations.md
	$(BIN)/python -m tests.docs.outages

.PHONY: coverage
coverage: .venv/requirements.txt ## Measure how much of the deploy command its own tests reach
	$(BIN)/coverage run -m pytest tests/swarm_tool
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.PHONY: recordings
recordings: .venv/requirements.txt ## Record anew what the deploy command's tests know of docker client and engine
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(DEPLOY) $(BIN)/python -m tests.swarm_tool.record

.PHONY: pictures
pictures: .venv/requirements.txt ## Draw and take the pictures of the README anew
	$(BIN)/python -m tests.docs.pictures

.PHONY: swarm
swarm: engine base-images ## Deploy the example to a single-node swarm on this machine
	$(BIN)/python -m tests.swarm up

.PHONY: swarm-down
swarm-down: .venv/requirements.txt ## Remove what `make swarm` has made; the engine stays
	$(BIN)/python -m tests.swarm down

.PHONY: lint
lint: .venv/requirements.txt ## Check style and types of the template itself
	@# A cache within the project's folder would be rendered.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/ruff check --no-cache --config tests/lint/deploy_command.toml $(DEPLOY)
	$(BIN)/ruff format --no-cache --config tests/lint/deploy_command.toml --check $(DEPLOY)
	$(BIN)/mypy

.PHONY: frontend
frontend: .venv/requirements.txt ## Build the front end of the project anew, after a change of its sources
	$(BIN)/python -m tests.browser.build

.PHONY: paths
paths: .venv/requirements.txt ## List anew the files that a rendered project has
	$(BIN)/python -m tests.render.paths > tests/render/paths.txt.new
	mv tests/render/paths.txt.new tests/render/paths.txt

.PHONY: requirements
requirements: .venv/requirements.txt ## Raise the template's requirements to the newest releases
	$(COMPILE) --upgrade --output-file requirements/tests.txt requirements/tests.in
	$(COMPILE) --constraint requirements/tests.txt --output-file requirements/demo.txt requirements/demo.in
	$(COMPILE) --upgrade --constraint requirements/tests.txt --output-file requirements/docs.txt requirements/docs.in

.PHONY: clean
clean: ## Remove the virtual environment, the demo and the caches
	rm -rf .venv .demo .cache .mypy_cache .pytest_cache .ruff_cache

# The copy of the lock says what is installed: the environment is made anew when the lock is newer.
.venv/requirements.txt: requirements/tests.txt
	@$(NEW_ENOUGH)
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes --requirement requirements/tests.txt
	cp requirements/tests.txt .venv/requirements.txt
