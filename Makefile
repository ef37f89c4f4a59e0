# Every target sets up what it needs, from a bare Debian machine with Python 3.11+ and Node.js 20+, and is quick the
# second time. `make test FRESH=1` also repeats the checks whose inputs have not changed since they last passed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Without bytecode every kernel, worker and subprocess of the tests would compile pandas again.
unexport PYTHONDONTWRITEBYTECODE

python := .venv/bin/python
static := origami_widgets/card/static
front_end := $(addprefix $(static)/,card.js board.js leads.js grid.js page.css) js/build/labextension/package.json js/build/site/recorded.js
front_end_sources := $(shell find js -path js/node_modules -prune -o -path js/build -prune -o -type f -print) origami_widgets/_version.py

# Each stamp lies in what it vouches for, and so goes when that goes.
python_packages := .venv/.packages
node_packages := js/node_modules/.packages
project := .venv/.project

.PHONY: help
help:
	@echo 'make demo     JupyterLab with the quickstart notebook'
	@echo 'make check    lint, types and the shorter unit tests'
	@echo 'make test     every check and test'
	@echo 'make coverage the unit tests, and which lines they do not reach'
	@echo 'make docs     the documentation as a site, into .cache/site'
	@echo 'make gallery  screenshots of the card into .cache/gallery'
	@echo 'make bench    the benchmarks'
	@echo 'make format   format and fix Python and TypeScript'
	@echo 'make lock     compile requirements-dev.lock anew'
	@echo 'make clean    remove all that these targets made here'

.PHONY: demo
demo: .setup
	@exec $(python) notebooks/serve.py

.PHONY: test
test: .setup-tests
	@exec $(python) .ci/checks.py $(if $(FRESH),--fresh)

.PHONY: check
check: .setup
	@exec $(python) .ci/checks.py --quick

.PHONY: coverage
coverage: .setup-tests
	@exec $(python) .ci/checks.py --coverage

.PHONY: docs
docs: .setup
	@NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs build --quiet
	@echo 'open .cache/site/index.html, or for the search: $(python) -m http.server --bind 127.0.0.1 --directory .cache/site'

.PHONY: gallery
gallery: .setup-browser
	@exec $(python) -m tests.browser.gallery

.PHONY: bench
bench: .setup-browser
	@for file in tests/bench/bench_*.py; do echo "== $$file"; name=$${file%.py}; $(python) -m "$${name//\//.}"; done

.PHONY: format
format: .setup
	@$(python) -m ruff check --fix --exit-zero --quiet . notebooks/serve.py notebooks/site .ci
	@$(python) -m ruff format . notebooks/serve.py notebooks/site .ci
	@npm run --silent --prefix js format

.PHONY: lock
lock: $(python_packages)
	@.ci/setup.sh lock

.PHONY: clean
clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist js/build js/node_modules $(front_end)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up. The two package managers and apt wait for the network most of the time: they run beside each other.

together = $(MAKE) --no-print-directory $(if $(findstring --jobserver,$(MAKEFLAGS)),,-j3)

.PHONY: .setup .setup-browser .setup-tests .project .chromium .libreoffice
.setup:
	@$(together) .project

.setup-browser:
	@$(together) .project .chromium

.setup-tests:
	@$(together) .project .chromium .libreoffice

.project: $(project)
	@:

.chromium:
	@.ci/setup.sh chromium

.libreoffice:
	@.ci/setup.sh libreoffice

$(python_packages): requirements-dev.lock .ci/setup.sh
	@.ci/setup.sh python
	@touch $@

$(node_packages): js/package-lock.json js/package.json .ci/setup.sh
	@.ci/setup.sh node
	@touch $@

$(front_end) &: $(node_packages) $(front_end_sources)
	@npm run --silent --prefix js build
	@touch $(front_end)

$(project): $(python_packages) $(front_end) pyproject.toml hatch_build.py
	@.ci/setup.sh project
	@touch $@
