# Every target sets up what it needs and is quick the second time. The machine has Python 3.11 or newer.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Without bytecode every kernel, worker and subprocess of the tests would compile pandas again.
unexport PYTHONDONTWRITEBYTECODE

# Where the machine has no Node.js that is new enough, the set-up puts one here.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

python := .venv/bin/python
npm := npm run --silent --prefix js
pytest := $(python) -m pytest --no-header
# Of the package, the modules that have examples.
unit_tests = --doctest-modules -m 'not slow and not clock' tests $(shell grep -rl --include='*.py' '>>> ' origami_widgets)
static := origami_widgets/card/static
front_end := $(addprefix $(static)/,card.js board.js leads.js grid.js page.css web_page.js web_page.css) js/build/labextension/package.json
front_end_sources := $(shell find js -path js/node_modules -prune -o -path js/build -prune -o -type f -print) origami_widgets/_version.py

contract := js/src/contract.ts
contract_sources := $(addprefix origami_widgets/card/view/,contract.py messages.py)

# Each stamp lies in what it vouches for, and so goes when that goes.
demo_packages := .venv/.demo-packages
python_packages := .venv/.packages
node := .venv/.node
node_packages := js/node_modules/.packages
project := .venv/.project
has_node := $(shell node --version 2>/dev/null | grep -qE '^v(2[0-9]|[3-9][0-9])\.' && command -v npm)

.PHONY: help
help:
	@echo 'make demo     JupyterLab with the quickstart notebook'
	@echo 'make check    lint, types and the unit tests of what has changed'
	@echo 'make test     what a pull request needs: lint, types, the unit tests, the quickstart and one journey in JupyterLab'
	@echo 'make test-all that, every host and kernel, and what takes long'
	@echo 'make coverage the tests of `make test`, and which lines they do not reach'
	@echo 'make docs     the documentation as a site, into .cache/site'
	@echo 'make gallery  screenshots of the card into .cache/gallery'
	@echo 'make bench    the benchmarks'
	@echo 'make format   format and fix Python and TypeScript'
	@echo 'make lock     compile the lock files of Python packages anew'
	@echo 'make clean    remove all that these targets made here'

.PHONY: demo
demo: .setup-demo
	@exec $(python) notebooks/serve.py

.PHONY: .lint .lint-python .lint-front-end
.lint: .setup
	$(MAKE) --no-print-directory -j2 -Otarget .lint-python .lint-front-end

.lint-python:
	$(python) -m ruff check --quiet .
	$(python) -m ruff format --quiet --check .
	zizmor --offline --quiet --strict-collection .github .pre-commit-config.yaml
	$(python) -m mypy --no-error-summary

.lint-front-end:
	$(npm) lint
	$(npm) types

# Make leaves out what has passed since it last changed. The tests of the architecture read all sources.
.PHONY: check
check: .lint
	$(MAKE) --no-print-directory -j3 .architecture .cache/vitest .cache/checked

.PHONY: .architecture
.architecture:
	$(pytest) -q tests/test_architecture.py

# A room is a folder of the package, or of `run`; what stands above them is one, too. If a file of a room has changed, the tests that mirror it run, and the examples of its modules.
# To trace which test runs which line would double what each test costs.
.cache/checked: $(shell find origami_widgets $(addprefix tests/,api card cli docs faults frames host magics run sandbox words) -name '*.py') $(wildcard tests/test_*.py)
	@mkdir -p $(@D) && touch $@.begun
	@chosen=(); \
	for room in $$(printf '%s\n' $? | sed -E 's#^(origami_widgets|tests)/##; s#^(run/)?([^/]+)/.*#\1\2#; s#.*[.]py$$#.#' | sort -u); do \
		case $$room in \
			.) chosen+=(tests/test_*.py tests/run/own_list tests/cli origami_widgets/*.py) ;; \
			run | run/batch) chosen+=(tests/run/test_*.py tests/run/batch tests/faults origami_widgets/run/*.py) ;; \
			api | run/polling) chosen+=(tests/$$room tests/faults origami_widgets/$$room) ;; \
			docs | faults) chosen+=(tests/$$room) ;; \
			*) chosen+=(tests/$$room origami_widgets/$$room) ;; \
		esac; \
	done; \
	$(pytest) -n 8 --dist=worksteal --maxfail=5 --doctest-modules -m 'not slow and not clock' $${chosen[@]}
	@mv $@.begun $@

.cache/vitest: $(front_end_sources) $(wildcard tests/fixtures/*.json tests/fixtures/*/*.json)
	$(npm) test
	@mkdir -p .cache && touch $@

.PHONY: .front-end-tests
.front-end-tests: .setup
	$(npm) test

# Eight processes that begin at once would each compile all tests that have changed.
.cache/collected: $(shell find tests -name '*.py') $(python_packages)
	$(pytest) --collect-only -qq $(unit_tests) >/dev/null || true
	@mkdir -p $(@D) && touch $@

# Most tests wait for a server or for time to pass, so four processes a core are the quickest.
.PHONY: .unit-tests
.unit-tests: .setup-browser
	$(pytest) -n 8 --dist=worksteal $(unit_tests)

.PHONY: test
test: .setup-browser
	$(MAKE) --no-print-directory -j2 -Otarget .lint .cache/collected
	$(MAKE) --no-print-directory -j2 .front-end-tests .unit-tests

# Each is a command of its own: how many processes help, and whose tests may share one, differs.
kernels := -n 4 tests/kernels
hosts := -n 3 tests/hosts
browser := -n 3 tests/browser
deep := -n 3 --dist=loadfile -m '(slow or hypothesis) and not clock' --hypothesis-profile=deep tests \
	--ignore=tests/kernels --ignore=tests/hosts --ignore=tests/browser
# These look at a real clock, so nothing runs beside them.
clock := -m clock tests

.PHONY: test-all
test-all: test .setup-tests
	@mkdir -p .cache/tests
	@rm -f .cache/tests/*.log; failed=; for part in kernels hosts browser deep clock; do $(MAKE) --no-print-directory .test-$$part || failed=1; done; \
		tail -n 1 .cache/tests/*.log; [ -z "$$failed" ]

.test-%:
	$(pytest) $($*) | tee .cache/tests/$*.log

.PHONY: coverage
coverage: .setup-browser
	$(pytest) -n 2 $(unit_tests) --ignore=tests/browser --cov

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
	@$(python) -m ruff check --fix --exit-zero --quiet .
	@$(python) -m ruff format .
	@$(npm) format

.PHONY: lock
lock: $(python_packages)
	@.ci/setup.sh lock

.PHONY: clean
clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist js/build js/node_modules $(front_end)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up. The two package managers and apt wait for the network most of the time: they run beside each other.

together = $(MAKE) --no-print-directory $(if $(findstring --jobserver,$(MAKEFLAGS)),,-j3)

.PHONY: .setup .setup-demo .setup-browser .setup-tests .project .chromium .libreoffice
.setup-demo:
	@$(together) .project

.setup:
	@$(together) .project $(python_packages)

.setup-browser:
	@$(together) .project $(python_packages) .chromium

.setup-tests:
	@$(together) .project $(python_packages) .chromium .libreoffice

.project: $(project)
	@:

.chromium:
	@.ci/setup.sh chromium

# apt waits for another's turn at the packages, but not at the lists of them.
.libreoffice: | .chromium
	@.ci/setup.sh libreoffice

# What a demo needs is a part of what contributors need, in the same versions.
$(demo_packages): requirements-demo.lock .ci/setup.sh
	@.ci/setup.sh python
	@touch $@

$(python_packages): requirements-dev.lock $(demo_packages)
	@.ci/setup.sh tools
	@touch $@

$(node): $(demo_packages) requirements-node.lock
	@.ci/setup.sh node
	@touch $@

$(node_packages): js/package-lock.json js/package.json | $(if $(has_node),$(wildcard $(node)),$(node))
	@.ci/setup.sh front-end
	@touch $@

$(contract): $(contract_sources) js/tools/generate_contract.py | $(demo_packages)
	@$(python) js/tools/generate_contract.py
	@touch $@

# The demo's packages have the command `jupyter-builder`.
$(front_end) &: $(node_packages) $(front_end_sources) | $(demo_packages)
	@$(npm) build
	@touch $(front_end)

$(project): $(demo_packages) $(front_end) pyproject.toml
	@.ci/setup.sh project
	@touch $@
