# Two commands matter: `make demo` and `make test`. Everything they need is put under .venv/.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= data
PLAYERS ?= 200

.DEFAULT_GOAL := help
.PHONY: help demo test near check bench setup setup-dev lock clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: setup ## Set everything up and play the main job on embedded services
	@$(BIN)/laurel demo --players $(PLAYERS)

test: setup-dev ## Set everything up and pass every test
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	@$(BIN)/python -m tests.browser_setup
	@$(BIN)/python -m pytest -n 3

near: setup-dev ## Pass the tests near the last change, in a minute and a half
	@$(BIN)/ruff check . && $(BIN)/lint-imports
	@$(BIN)/python -m tests.near

check: setup-dev ## Only the quick checks: style, types, arrows
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: setup-dev ## Measure a served Laurel, and a draw in the browser (benchmarks/)
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.draw_browser

setup: .venv/.laurel-ready
setup-dev: .venv/.laurel-dev-ready

.venv/.laurel-python:
	@echo "laurel: making a private Python in .venv"
	@$(PYTHON) -c 'import sys; sys.exit("laurel needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 demo") if sys.version_info < (3, 11) else 0'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "laurel: this Python cannot make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

.venv/.laurel-ready: .venv/.laurel-python requirements.lock assets.lock pyproject.toml server/runtime/assets.py
	@echo "laurel: installing the pinned packages (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@echo "laurel: fetching the pinned browser script"
	@rm -rf .venv/assets && $(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps -r assets.lock -d .venv/assets
	@$(BIN)/python server/runtime/assets.py .venv/assets
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/.laurel-dev-ready: .venv/.laurel-ready requirements-dev.lock
	@echo "laurel: installing the pinned test tools"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

lock: ## Pin the dependencies of pyproject.toml again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -o requirements-dev.lock

clean: ## Remove what set-up made (never the data)
	rm -rf .venv server/static/vendor *.egg-info
