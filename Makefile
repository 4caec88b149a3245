# `make demo` and `make test` need nothing but Python 3.10 to 3.12 with venv, and a network for the first install.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := hub,train,onnx,openvino,demo,serve,video,notebook,dev

.PHONY: install interpreter demo test slow bare notebooks clean

install: interpreter
	@$(MAKE) --no-print-directory $(VENV)/.installed

# An environment that works, of the interpreter that PYTHON names. One that somebody's Ctrl-C has left half made is made anew, and
# so is one of another interpreter where PYTHON is given.
interpreter:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' || { \
		echo "PaddleHub needs Python 3.10 to 3.12, and $(PYTHON) is $$($(PYTHON) --version 2>&1); try: make PYTHON=python3.11"; exit 1; }
ifneq ($(origin PYTHON),file)
	@identity='import sys; print(sys.base_prefix, sys.version.split()[0])'; \
	if test -x $(BIN)/python && test "$$($(BIN)/python -c "$$identity")" != "$$($(PYTHON) -c "$$identity")"; then \
		echo "$(VENV) is of $$($(BIN)/python --version), and PYTHON=$(PYTHON) is $$($(PYTHON) --version): it is made anew"; \
		rm -rf $(VENV); \
	fi
endif
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { rm -rf $(VENV); $(PYTHON) -m venv $(VENV); } || { \
		rm -rf $(VENV); echo "$(PYTHON) makes no virtual environment; on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }

# Again whenever the requirements or the modules change. An old pip may search for very long, so a recent one comes first.
$(VENV)/.installed: setup.py pyproject.toml $(wildcard hub_modules/*/*)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25"
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$(EXTRAS)]"
	$(BIN)/python -m paddle_cv hub install
	touch $@

demo: install
	$(BIN)/python tools/quickstart.py
	@echo
	@echo "To go on, activate the environment in this shell:  source $(BIN)/activate"
	@echo "Then, for example:                                 paddle-cv predict rdn_x4 YOUR_PHOTO.jpg -o results"

test: install
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m pytest -n auto --durations=25

# What takes longest: every classifier's fine-tuning, every network's export, the homework to its end.
slow: install
	$(BIN)/python -m pytest -n auto -m slow --durations=25

# What a newcomer meets: fresh environments, the README's lines. Two at a time, as each installs some 1 to 2.5 GB.
bare: install
	$(BIN)/python -m pytest -n 2 -m bare --durations=25

# The course's notebooks with the outputs of a run, in an environment that has only what they install themselves.
notebooks:
	test -x $(VENV)-notebooks/bin/python || $(PYTHON) -m venv $(VENV)-notebooks
	$(VENV)-notebooks/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25"
	$(VENV)-notebooks/bin/python -m pip install --quiet --disable-pip-version-check ".[notebook]"
	$(VENV)-notebooks/bin/python tools/maintain/notebooks.py

clean:
	rm -rf $(VENV) $(VENV)-notebooks build dist *.egg-info demo_output
