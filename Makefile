# Every target makes and fills .venv itself. Another Python: make PYTHON=python3.12 book

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: env book test mutants lab sync execute results bench check-gpu slides pdf lint clean help

env: $(READY)  ## make .venv and install everything the course needs

# The check runs first, so that a machine that cannot run MXNet hears so before any download.
$(READY): requirements.txt pyproject.toml mfbook/runtime/requirements.py mfbook/runtime/install.py
	@$(PYTHON) -m mfbook install --check
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m mfbook install
	@touch $(READY)

book: $(READY)  ## build the course as HTML into _build/html, from the stored outputs
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter-book build --warningiserror --nitpick --keep-going --all .
	@echo "Open $(CURDIR)/_build/html/index.html in a browser."

test: book  ## run the tests, the examples and every notebook, check the built book, print coverage
	$(BIN)/python -m pytest --cov=mfbook --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=90

mutants: $(READY)  ## change one thing at a time in a copy, and see whether the tests notice (half an hour)
	$(BIN)/python -m tools.mutants

slides: $(READY)  ## make slides from the notebooks into _build/slides; they need no network
	$(BIN)/python -m tools.slides

pdf: book  ## print the built book into _build/course.pdf (needs Chromium)
	$(BIN)/python -m tools.handout

lab: $(READY)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

sync: $(READY)  ## write every notebook's links and setup cell from the address in _config.yml
	$(BIN)/python -m tools.notebooks sync

execute: $(READY)  ## run every notebook on MovieLens and store what it prints
	$(BIN)/python -m tools.notebooks sync
	$(BIN)/python -m tools.notebooks execute

results: $(READY)  ## fit every model on every fold and seed into mfbook/experiments (about an hour)
	$(BIN)/python -m tools.results

# cmfrec is built from source: its Cholesky is 3 times as fast with OpenBLAS if it avoids SYR, and pip
# would take a build without that from its cache.
bench: $(READY)  ## time our fits and those of other libraries into book/benchmarks.md (installs the peers; an hour)
	CFLAGS=-DAVOID_BLAS_SYR $(BIN)/pip install --quiet --disable-pip-version-check \
		--no-cache-dir --no-binary cmfrec --constraint benchmarks/requirements.txt cmfrec
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python -m benchmarks.peers

check-gpu: $(READY)  ## try MXNet's GPU build on a machine without a GPU (downloads 2.4 GB)
	$(BIN)/python tools/checks/gpu_build.py

lint: $(READY)  ## check style, types and form of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tools.notebooks check
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml

clean:  ## delete the built book and .venv
	rm -rf _build .venv

help:  ## say what each target does
	@path='$(subst ','\'',$(MAKEFILE_LIST))'; \
	sed -n 's/^\([a-z-]*\):.*## /\1\t/p' "$${path# }" | expand -t 12
