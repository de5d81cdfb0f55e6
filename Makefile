# Every target makes and fills .venv itself. Another Python: make PYTHON=python3.12 book

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: env book test lab sync execute results bench check-gpu slides pdf lint clean help

env: $(READY)  ## make .venv and install everything the course needs

# The check runs first, so that a machine that cannot run MXNet hears so before any download.
$(READY): requirements.txt pyproject.toml mfbook/install.py
	@$(PYTHON) mfbook/install.py --check
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m mfbook.install
	@touch $(READY)

book: $(READY)  ## build the course as HTML into _build/html, from the stored outputs
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter-book build --warningiserror --nitpick --keep-going --all .
	@echo "Open $(CURDIR)/_build/html/index.html in a browser."

test: book  ## run the unit tests, every notebook, and the checks of the built book
	$(BIN)/python -m pytest

slides: $(READY)  ## make slides from the notebooks into _build/slides; they need no network
	$(BIN)/python tools/slides.py

pdf: book  ## print the built book into _build/course.pdf (needs Chromium)
	$(BIN)/python tools/handout.py

lab: $(READY)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

sync: $(READY)  ## write every notebook's links and setup cell from the address in _config.yml
	$(BIN)/python tools/notebooks.py sync

execute: $(READY)  ## run every notebook on MovieLens and store what it prints
	$(BIN)/python tools/notebooks.py sync execute

results: $(READY)  ## fit every model on every fold and seed into mfbook/*.csv (about an hour)
	$(BIN)/python tools/results.py

bench: $(READY)  ## time our fits beside others' into book/benchmarks.md (installs the peers)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	PYTHONPATH=tools $(BIN)/python benchmarks/peers.py

check-gpu: $(READY)  ## try MXNet's GPU build on a machine without a GPU (downloads 2.4 GB)
	$(BIN)/python tools/checks/gpu_build.py

lint: $(READY)  ## check style and form of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/notebooks.py check
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml

clean:  ## delete the built book and .venv
	rm -rf _build .venv

help:  ## say what each target does
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
