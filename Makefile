# Everything a developer or a newcomer runs; `make` alone lists it. `make demo` and `make test` need
# Python 3.11, pip and make; they install the rest into .venv from the hashed locks.
# A line that begins with "##@" opens a group of the list, and what follows "##" describes a target.

PYTHON ?= python3
BIN := .venv/bin
UV = $$(command -v uv || echo $(PYTHON) -m uv)
RUN := $(BIN)/python -m
export MLFLOW_DISABLE_TELEMETRY := true
export NO_MKDOCS_2_WARNING := 1
export OMP_WAIT_POLICY := PASSIVE
export BENTOML_DO_NOT_TRACK := true
export MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR := false
export MLFLOW_LOGGING_LEVEL := WARNING

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint reference docs docs-outputs results notebooks bench-demo bench-sources bench-quality bench-value
.PHONY: bench-tail bench-features bench-btyd bench-answer bench-training bench-channel lock clean

help: ## List all targets
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z][a-z-]*:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it
demo: .venv/users ## Go from an order log to served answers, on real data and on a simulated shop
	$(BIN)/nextbuy demo

##@ Develop
test: .venv/developers ## Run the tests, without the slow ones
	$(RUN) pytest -m "not slow" -n logical --dist loadgroup

test-slow: .venv/developers ## Run the tests that take minutes each
	$(RUN) pytest -m slow

lint: .venv/developers ## Check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

reference: .venv/developers ## Write the pages of docs/reference/ from the code
	$(RUN) docs.generator

docs: .venv/developers ## Build the pages of docs/ as a site in site/, without network
	$(BIN)/mkdocs build --strict --quiet

docs-outputs: .venv/developers ## Write the outputs that the pages show; read the diff
	NEXTBUY_WRITE_PAGES=1 $(RUN) pytest tests/docs

results: .venv/developers ## Write the pages of docs/results/ from what the benchmarks wrote
	$(RUN) benchmarks.results_pages

notebooks: .venv/developers ## Execute every notebook
	$(RUN) notebooks.execute

##@ Measure
bench-demo: .venv/users ## Measure the demo and a large simulated shop
	$(RUN) benchmarks.demo

bench-quality: .venv/developers ## Compare the purchase models with every baseline on real logs
	$(RUN) benchmarks.purchase.quality

bench-value: .venv/developers ## Compare models of the expected spend
	$(RUN) benchmarks.purchase.value

bench-tail: .venv/developers ## Compare forecasts beyond the horizon
	$(RUN) benchmarks.purchase.tail

bench-features: .venv/users ## Measure feature builds, and the features of one customer at ask time
	$(RUN) benchmarks.features.feature_builds
	$(RUN) benchmarks.features.asking

bench-sources: .venv/developers ## Measure what reading exports and databases costs
	$(RUN) benchmarks.sources.export_reading

bench-btyd: .venv/users ## Measure the fits of the BTYD models
	$(RUN) benchmarks.purchase.btyd_speed

bench-answer: .venv/users ## Measure what one customer's answer costs
	$(RUN) benchmarks.serving.answer_cost

bench-training: .venv/users ## Measure what training costs for a million customers
	$(RUN) benchmarks.training.training_cost

bench-channel: .venv/developers ## Compare ways of choosing a channel, on logs and in known worlds; PART=no_effect runs a part
	$(RUN) benchmarks.channel.channel_gains $(if $(PART),--part $(PART))

# Developers have all that users have, so that their environment serves both.
.venv/users: requirements.lock pyproject.toml
	@test -f .venv/developers || $(MAKE) --no-print-directory _install LOCK=requirements.lock
	@touch $@

.venv/developers: requirements-dev.lock pyproject.toml
	@$(MAKE) --no-print-directory _install LOCK=requirements-dev.lock
	@touch $@

# The bytecode of the libraries is compiled here, once: a start that has to do it takes thrice as long.
.PHONY: _install _system
_install: _system
	@$(UV) --version >/dev/null 2>&1 || $(PYTHON) -m pip install --quiet uv
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode $(LOCK)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .

# What wheels cannot bring.
_system:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Nextbuy needs Python 3.11 or later; set PYTHON=... to one"; exit 1; }
	@$(PYTHON) -c 'import ctypes.util, sys; sys.exit(ctypes.util.find_library("gomp") is None)' || \
	  test "$$(uname)" != Linux || \
	  { echo "LightGBM needs the OpenMP library: apt-get install libgomp1"; exit 1; }

##@ Keep house
lock: ## Write both lock files anew from pyproject.toml
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras \
	  pyproject.toml -o requirements-dev.lock

clean: ## Delete the environment, the demo's shops, the site and the results of benchmarks
	rm -rf .venv demo site benchmarks/results
