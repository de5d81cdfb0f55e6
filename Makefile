# Every target makes and fills .venv itself. Another Python: make PYTHON=python3.12 book

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# What .venv holds: all that a learner needs, that the book needs, that the tests need.
READY := .venv/ready
READY_BOOK := .venv/ready-book
READY_TEST := .venv/ready-test

.DEFAULT_GOAL := help
.PHONY: env env-test book kit test mutants lab sync execute answers results bench check-gpu slides pdf lint clean help

env: $(READY)  ## make .venv with what a learner needs: the course, MXNet and JupyterLab

env-test: $(READY_TEST)  ## add what the book, the tests and the checks need

# The check runs first, so that a machine that cannot run MXNet hears so before any download.
# Python compiles a module when it is first imported. To compile all of them now takes 80 MB.
$(READY): export PIP_COMPILE := 0
$(READY): export PYTHONDONTWRITEBYTECODE := 1
$(READY): requirements.txt pyproject.toml $(wildcard mfbook/runtime/*.py)
	@$(PYTHON) -m mfbook install --check
	$(PYTHON) -m venv .venv
	$(PIP) install --upgrade pip
	$(PIP) uninstall --yes --quiet setuptools
	$(PIP) install --requirement requirements.txt
	$(PIP) install --no-deps --editable .
	$(BIN)/python -m mfbook install
	@touch $(READY)

$(READY_BOOK): $(READY) requirements-book.txt
	$(PIP) install --requirement requirements-book.txt
	@touch $(READY_BOOK)

$(READY_TEST): $(READY_BOOK) requirements-test.txt requirements-spark.txt
	$(PIP) install --requirement requirements-test.txt
	@touch $(READY_TEST)

book: kit  ## build the course as HTML into _build/html, from the stored outputs
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter-book build --warningiserror --nitpick --keep-going --all .
	@echo "Open $(CURDIR)/_build/html/index.html in a browser."

kit: $(READY_BOOK)  ## make what learners get: _build/kit.zip with notebooks, solutions and mfbook
	$(BIN)/python -m tools.kit

test: $(READY_TEST) book  ## run the tests, the examples and every notebook, check the built book, print coverage
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov=mfbook --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=90

mutants: $(READY_TEST)  ## change one thing at a time in a copy, and see whether the tests notice (half an hour)
	$(BIN)/python -m tools.mutants

slides: $(READY_BOOK)  ## make slides with speaker's notes from the notebooks into _build/slides; they need no network
	$(BIN)/python -m tools.slides

pdf: $(READY_TEST) book  ## print the built book into _build/course.pdf (needs Chromium)
	$(BIN)/python -m tools.handout

lab: $(READY)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

sync: $(READY_BOOK)  ## write every notebook's number and setup cell, and the pages made from the notebooks
	$(BIN)/python -m tools.notebooks sync

execute: $(READY_TEST)  ## run every notebook on MovieLens and store what it prints
	$(BIN)/python -m tools.notebooks sync
	$(BIN)/python -m tools.notebooks execute

answers: $(READY_TEST)  ## record the answers of the exercises from the stored outputs, and on the twin (20 minutes)
	$(BIN)/python -m tools.answers
	$(BIN)/python -m tools.answers --twin

results: $(READY_TEST)  ## fit every model on every fold and seed into mfbook/experiments (about an hour)
	$(BIN)/python -m tools.results
	$(BIN)/python -m tools.ranking_results
	$(BIN)/python -m tools.serving_results
	$(BIN)/python -m tools.temporal_results
	$(BIN)/python -m tools.calibration_results

# cmfrec is built from source: its Cholesky is 3 times as fast with OpenBLAS if it avoids SYR, and pip
# would take a build without that from its cache.
bench: $(READY_TEST)  ## time our fits and those of other libraries into book/benchmarks.md (installs the peers; an hour)
	CFLAGS=-DAVOID_BLAS_SYR $(BIN)/pip install --quiet --disable-pip-version-check \
		--no-cache-dir --no-binary cmfrec --constraint benchmarks/requirements.txt cmfrec
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python -m benchmarks.peers

check-gpu: $(READY)  ## try MXNet's GPU build on a machine without a GPU (downloads 2.4 GB)
	$(BIN)/python tools/checks/gpu_build.py

lint: $(READY_TEST)  ## check style, types and form of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tools.notebooks check
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml

clean:  ## delete all that was made: the book, slides, kit and .venv
	rm -rf _build build .venv *.egg-info .*_cache .coverage
	find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

help:  ## say what each target does
	@path='$(subst ','\'',$(MAKEFILE_LIST))'; \
	sed -n 's/^\([a-z-]*\):.*## /\1\t/p' "$${path# }" | expand -t 12
