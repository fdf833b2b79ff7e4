# The front door. Everything is built by CMake (CMakeLists.txt) inside a virtual environment; this file only calls it.
#   PYTHON=python3.12   another interpreter (default: the newest supported one found)
#   BUILD_TYPE=Debug    with the verifiers of every level of representation
#   JOBS=4              parallel compile jobs (default: all cores)
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

PYTHON ?=
VENV ?= .venv
BUILD_DIR ?= build
BUILD_TYPE ?= Release
PREFIX ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
TEST_JOBS ?= 2
ARGS ?=

py := $(abspath $(VENV))/bin/python
cmake := PATH="$(abspath $(VENV))/bin:$$PATH" cmake

.PHONY: help build demo test test-all test-debug test-asan test-tsan lint format wheel install clean distclean
help: ## List the targets
	@echo 'make TARGET [PYTHON=python3.12] [BUILD_TYPE=Debug] [JOBS=N]'
	@sed -nE 's/^([a-z -]+):.*## (.*)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s '|'

build: ## Set up .venv and build the library and the Python package (importable from .venv)
	@scripts/check_compiler.sh
	@scripts/bootstrap.sh $(VENV) "$(PYTHON)" build
	@scripts/build.sh $(VENV) $(BUILD_DIR) $(BUILD_TYPE) $(JOBS) all

demo: build ## Run the programs in examples/ under NumPy and under Numloom and compare (build/demo.json)
	@scripts/bootstrap.sh $(VENV) "" build demo
	@$(py) bench/demo.py --json $(BUILD_DIR)/demo.json $(ARGS)

test: build ## Run the tests: all in the default mode, a seeded tenth in each other mode
	@scripts/bootstrap.sh $(VENV) "" build demo test
	@scripts/install_gtest.sh
	@$(py) scripts/run_tests.py --build-dir $(BUILD_DIR) --jobs $(TEST_JOBS) $(ARGS)

test-all: build ## Run every test in every mode, in a Debug build and under the sanitizers
	@scripts/bootstrap.sh $(VENV) "" build demo test
	@scripts/install_gtest.sh
	@$(py) scripts/run_tests.py --build-dir $(BUILD_DIR) --jobs $(TEST_JOBS) --all $(ARGS)

test-debug test-asan test-tsan: build ## In a Debug build (verified plans), under AddressSanitizer or ThreadSanitizer
	@scripts/bootstrap.sh $(VENV) "" build demo test
	@scripts/install_gtest.sh
	@$(py) scripts/run_tests.py --build-dir $(BUILD_DIR) --jobs $(TEST_JOBS) --only $(@:test-%=%) $(ARGS)

lint: build ## Check formatting, clang-tidy, ruff, mypy and the layer order
	@scripts/bootstrap.sh $(VENV) "" build lint
	@$(py) scripts/lint.py --build-dir $(BUILD_DIR) $(ARGS)

format: ## Rewrite the sources as `make lint` wants them
	@scripts/bootstrap.sh $(VENV) "$(PYTHON)" lint
	@$(py) scripts/lint.py --format-only

wheel: ## Build a self-contained wheel into dist/ (PYTHON=python3.12 chooses for which Python)
	@scripts/check_compiler.sh
	@scripts/build_wheel.sh "$(PYTHON)" dist

install: build ## Install the C++ library and headers (PREFIX=...)
	@[[ -n "$(PREFIX)" ]] || { echo 'numloom: say where: make install PREFIX=/some/folder' >&2; exit 1; }
	@$(cmake) --install $(BUILD_DIR) --prefix "$(PREFIX)" --component cpp

clean: ## Remove what was built (the virtual environment stays)
	rm -rf $(BUILD_DIR) $(BUILD_DIR)-debug $(BUILD_DIR)-asan $(BUILD_DIR)-tsan dist python/numloom/_core*.so

distclean: clean ## Remove the virtual environment too
	rm -rf $(VENV)
