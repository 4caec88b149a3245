# `make demo` and `make test` need nothing but Python 3.9-3.12 with venv, and a network for the first install.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install demo test clean

install: $(VENV)/.installed

# Again whenever the requirements or the modules change.
$(VENV)/.installed: setup.py pyproject.toml $(wildcard hub_modules/*/*)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 12))' || { echo "PaddleHub needs Python 3.9 to 3.12, this is $$($(PYTHON) --version); try: make PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[hub,train,onnx,demo,serve,video,dev]"
	$(BIN)/python -m paddle_cv hub install
	touch $@

demo: install
	$(BIN)/python tools/quickstart.py

test: install
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m pytest -n auto --durations=25

clean:
	rm -rf $(VENV) build *.egg-info demo_output
