# Two commands for a new reader: `make demo` and `make test`. Each makes its own environment.
SHELL := /bin/sh
PYTHON ?= python3
RUN := .venv/bin/python

.PHONY: demo test check format lock clean

.venv: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; say where with: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	.venv/bin/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch .venv

# After a change of dependencies in pyproject.toml; `uv` comes from `pip install uv`.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --no-annotate pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --no-annotate --group dev pyproject.toml \
		-c requirements.txt -o requirements-dev.txt
