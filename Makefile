# Two commands for a new reader: `make demo` and `make test`. Each makes its own environment.
SHELL := /bin/sh
PYTHON ?= python3
# Most tests wait for a clock, not for a processor.
WORKERS ?= 6
BIN := .venv/bin

.PHONY: demo test torture fleet bench image image-product test-image test-kubernetes check format docs screenshots manifests lock clean

demo: .venv
	@$(BIN)/python -m demo

# A test that fails beside others and passes alone was disturbed by the machine. Both runs are in the output;
# a secret found in any output ends the first with another code than 1, and has no second.
define test_twice
	@rm -rf .pytest_cache
	$(1) || { [ $$? -eq 1 ] && echo "Those that failed, once more and alone:" && \
		$(BIN)/python -m pytest --last-failed --last-failed-no-failures none; }
endef

# TESTS are further options of pytest's.
test: .venv
	@rm -f .coverage .coverage.*
	$(call test_twice,$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal -m "not serial and not image and not kubernetes" $(TESTS))
	$(call test_twice,$(BIN)/python -m pytest -m "serial and not image and not kubernetes" $(TESTS))
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95 --skip-covered
	@if docker info >/dev/null 2>&1; then $(MAKE) test-image; \
	elif [ -n "$$CI" ]; then echo "no Docker engine answers" >&2; exit 1; \
	else echo "Left out: the images and docker compose, as no Docker engine answers; with one: make test-image"; fi
	@echo "Left out: Kubernetes; on the cluster that KUBECONFIG names: make test-kubernetes"

# Everything broken on purpose, at full length: about an hour; SIDECAR_TORTURE=0.1 for a share of it.
SIDECAR_TORTURE ?= 1
torture: export SIDECAR_TORTURE := $(SIDECAR_TORTURE)
torture: export SIDECAR_TEST_FIGURES := $(CURDIR)/.torture
torture: .venv
	@rm -rf .torture
	$(BIN)/pip install --quiet --require-hashes -r requirements-fuzz.txt
	$(call test_twice,$(BIN)/python -m pytest tests/torture -n $(WORKERS) --dist worksteal -m "not serial")
	$(call test_twice,$(BIN)/python -m pytest tests/torture -m serial)
	@$(BIN)/python -m tests.torture.figures

# Ten thousand pods in virtual time, a minute or two; `make fleet FLEET=--write` writes docs/fleet.* anew.
FLEET ?=
fleet: .venv
	@$(BIN)/python -m tests.fleet $(FLEET)

# Behind a TLS-inspecting proxy: BUILD_OPTIONS='--network=host --secret id=ca,src=/path/to/ca-bundle.pem'
BUILD = docker buildx build --load $(BUILD_OPTIONS)
image: image-product
	$(BUILD) --tag entra-token-sidecar:dev-kubernetes --target kubernetes .
	$(BUILD) --tag entra-token-sidecar-emulator:dev --target emulator .
	$(BUILD) --tag entra-token-sidecar-example-app:dev examples/app

image-product:
	$(BUILD) --tag entra-token-sidecar:dev .

# Ours beside its peers, half an hour; BENCH=--write writes docs/benchmarks.* anew, BENCH=--short is for CI. Root
# reads what the kernel counts for a container.
BENCH ?=
bench: export BUILD_OPTIONS := $(BUILD_OPTIONS)
bench: .venv
	@case "$(BENCH)" in *--from*|*growth*) ;; \
	*) if docker info >/dev/null 2>&1; then $(MAKE) --no-print-directory image-product; fi ;; esac
	@$(BIN)/python -m tests.bench $(BENCH)

# The images and docker compose on the engine of this machine.
test-image: .venv image
	$(call test_twice,$(BIN)/python -m pytest -n 4 --dist loadscope -m "image and not serial")
	$(call test_twice,$(BIN)/python -m pytest -m "image and serial")

# Whatever cluster KUBECONFIG names; docs/kubernetes.md says how the images get there.
test-kubernetes: .venv
	$(call test_twice,$(BIN)/python -m pytest tests/kubernetes -n 4 --dist worksteal -m "kubernetes and not serial")
	$(call test_twice,$(BIN)/python -m pytest tests/kubernetes -m "kubernetes and serial")

check: .venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@command -v shellcheck >/dev/null || { echo "On Debian and Ubuntu: apt-get install shellcheck" >&2; exit 1; }
	shellcheck -x entrypoint.sh .ci/run image/*.sh tests/engines/*.sh tests/engines/kubernetes/*.sh tests/bench/peers/*.sh docs/ci/report examples/app/app.sh

format: .venv
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# What comes from the code: tables of README.md and docs/interfaces.md, docs/errors.md, and docs/completion.
docs: .venv
	$(BIN)/python -m tests.readme
	$(BIN)/python -m tests.completion

# The pictures of docs/: tmux, Chromium, and DejaVu Sans Mono (Debian: chromium, chromium-driver, fonts-dejavu-core).
screenshots: .venv
	$(BIN)/python -m tests.screenshots

# The files of k8s/ that are derived from k8s/component/pod.yaml.
manifests: .venv
	$(BIN)/python -m tests.manifests.generate

.venv: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch .venv

# After a change of dependencies in pyproject.toml; `pip install uv` brings uv.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
# For one image, with Debian trixie's Python.
PEERS = $(subst --universal --python-version 3.11,--python-version 3.13,$(COMPILE))
lock:
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) --no-deps --group fuzz -o requirements-fuzz.txt
	$(COMPILE) --no-deps --group emulator -c requirements-dev.txt -o requirements-emulator.txt
	$(COMPILE) pyproject.toml --group kubernetes -c requirements-dev.txt -o requirements-kubernetes.txt
	$(PEERS) --group peer-msal -c requirements.txt -o tests/bench/peers/requirements-msal.txt
	$(PEERS) --group peer-azure-identity -c requirements-dev.txt -o tests/bench/peers/requirements-azure-identity.txt
	$(PEERS) --group peer-adal -c requirements.txt -o tests/bench/peers/requirements-adal.txt
	$(PEERS) --group peer-azure-cli -o tests/bench/peers/requirements-azure-cli.txt

clean:
	rm -rf .venv .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache \
		tests/oidc_provider/node_modules tests/clients/node_modules tests/page/node_modules .torture
