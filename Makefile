# Set up, try out and check Lockstep. `make` alone lists the targets.
# Needs make, a POSIX shell and Python 3.11 or later; everything else goes into .venv. Nothing here uses sudo.

BIN := .venv/bin
LAPTOP := .venv/.laptop
STAMP := .venv/.set-up
HEARTBEAT := deploy/heartbeat.py
PIP := $(BIN)/python -m pip --disable-pip-version-check
ITSELF := --quiet --no-index --no-deps --no-build-isolation --editable .
AS_LOCKED := --quiet --no-deps --only-binary :all: --require-hashes --requirement
# uv takes a quarter of the time of pip (measured). pip installs where uv cannot: it may have settings that uv lacks.
install = $(BIN)/python $(HEARTBEAT) "installing packages" sh -c \
	'$(BIN)/uv pip install --python $(BIN)/python $(AS_LOCKED) $(1) 2>.venv/uv.log || $(PIP) install --no-compile $(AS_LOCKED) $(1)'
# Processes that run tests: as many as cores, and with Kafka twice as many. CORES=1 on the command line runs one test
# after another.
CORES := auto
# Python keeps the byte code of what it loads, also where the environment says it should not, as in many containers. Else
# each start of the program compiles some thousand modules of its packages anew: 40% of a short replay (measured).
export PYTHONDONTWRITEBYTECODE :=

# The first Python that is new enough and can make an environment; PYTHON=... on the command line wins.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
CAN_MAKE_VENV := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
find_python = for name in python3.13 python3.12 python3.11 python3; do \
	if "$$name" -c '$(1)' >/dev/null 2>&1; then echo "$$name"; break; fi; done

.DEFAULT_GOAL := help
.PHONY: help setup demo kafka check test static kernels programs dashboards pictures golden lock quality evasion bench soak clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## make .venv with the locked dependencies and the program in it

# What a laptop needs, and the program: enough for replays, and for the demo. It is a third of all that is locked.
$(LAPTOP): requirements.lock pyproject.toml
	@if $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null && $(PIP) --version >/dev/null 2>&1; then exit 0; fi; \
	python="$(PYTHON)"; \
	if [ -z "$$python" ]; then python=$$($(call find_python,$(CAN_MAKE_VENV))); fi; \
	if [ -z "$$python" ]; then \
		found=$$($(call find_python,$(NEW_ENOUGH))); \
		if [ -n "$$found" ]; then \
			version=$$("$$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
			echo "$$found cannot make virtual environments. On Debian or Ubuntu, install them with:" >&2; \
			echo "    apt-get install python$$version-venv" >&2; \
		else \
			echo "Lockstep needs Python 3.11 or later, and none was found." >&2; \
			echo "Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
		fi; \
		exit 1; \
	fi; \
	echo "== environment: $$("$$python" --version) in .venv"; \
	"$$python" $(HEARTBEAT) "making the environment" "$$python" -m venv --clear .venv
	@echo "== dependencies, as locked (under a minute the first time)"
	@$(BIN)/python deploy/image/locked.py requirements.lock uv > .venv/uv.txt
	@$(BIN)/python $(HEARTBEAT) "installing the installer" $(PIP) install --no-compile $(AS_LOCKED) .venv/uv.txt
	@echo "   the packages of a replay"
	@$(BIN)/python deploy/image/locked.py requirements.lock --laptop pyproject.toml > .venv/laptop.txt
	@$(call install,.venv/laptop.txt)
	@echo "== lockstep"
	@$(BIN)/python $(HEARTBEAT) "installing lockstep" sh -c \
		'$(BIN)/uv pip install --python $(BIN)/python $(ITSELF) 2>>.venv/uv.log || $(PIP) install $(ITSELF)'
	@echo "== kernels (a minute or two the first time)"
	@$(BIN)/lockstep compile --for-replays
	@touch $(LAPTOP)

$(STAMP): $(LAPTOP) requirements.lock pyproject.toml
	@echo "== Kafka's client, and the tools of development, as locked (a minute or two the first time)"
	@$(call install,requirements.lock)
	@$(BIN)/lockstep compile
	@touch $(STAMP)
	@echo "ready: $(BIN)/lockstep"

demo: $(LAPTOP) ## find a covert network in an invented world, and coordinated ones in two real data sets
	@mkdir -p out
	@echo "== an invented world: three obscure accounts copy a state agency; registry, profiles and follow events are given"
	@$(BIN)/lockstep simulate diaspora-press --accounts 1500 --days 4 --out out/diaspora-press
	@$(BIN)/lockstep replay out/diaspora-press/posts.jsonl.gz --registry out/diaspora-press/registry.jsonl \
		--follows out/diaspora-press/follows.jsonl.gz --accounts out/diaspora-press/accounts.jsonl.gz \
		--alerts out/diaspora-press.alerts.jsonl --networks out/diaspora-press.networks.jsonl \
		--report out/diaspora-press.html --top 5
	@echo; echo "== Facebook and Twitter before the German federal election of 2021"
	@$(BIN)/lockstep replay examples/data/coortweet_german.csv.gz --config examples/coortweet_german.toml \
		--alerts out/german.alerts.jsonl --report out/german.html --pairs out/german.pairs.csv
	@echo; echo "== retweets by pro-government Russian accounts, 2021"
	@$(BIN)/lockstep replay examples/data/coortweet_russian.csv.gz \
		--alerts out/russian.alerts.jsonl --report out/russian.html --pairs out/russian.pairs.csv
	@echo
	@echo "What to look at:"
	@echo "  out/diaspora-press.html             open in a browser: the three accounts come first, suspected covert"
	@echo "  out/german.html, out/russian.html   the same for the real data: every network, why, and the evidence"
	@echo "  out/*.alerts.jsonl                  the same for programs: an alert a line, each revision of each network"
	@echo "  out/*.pairs.csv                     pairs of accounts: what they shared together, and what chance would give"
	@echo "Ids are anonymised in the real data, so the objects shown are numbers. Try your own: lockstep replay --help"

kafka: $(STAMP) ## a real Kafka broker at 127.0.0.1:9092 for development, data in out/kafka; Ctrl-C stops it
	@$(BIN)/python deploy/kafka/broker.py --data out/kafka --port 9092

check: $(STAMP) ## before every commit, two minutes: style, types, layers, schemas, fast tests
	@$(MAKE) --no-print-directory static kernels
	@echo "== fast tests (without the slow ones, and without Kafka)"
	@$(BIN)/python -m pytest -q -n $(CORES) -m "not slow and not kafka" --ignore=tests/integration

test: $(STAMP) ## everything: those checks, slow tests, and real Kafka and Prometheus
	@$(MAKE) --no-print-directory static kernels programs
	@echo "== all tests: those that wait for Kafka beside those that compute (tests/work_order.py)"
	@$(BIN)/python -m pytest -q -n $(CORES) --dist loadscope

static: $(STAMP)
	@echo "== ruff check"
	@$(BIN)/ruff check .
	@echo "== ruff format --check"
	@$(BIN)/ruff format --check .
	@echo "== mypy --strict"
	@$(BIN)/mypy
	@echo "== layers (import-linter)"
	@$(BIN)/lint-imports
	@echo "== published schemas"
	@$(BIN)/python -m schemas.generate.json_schema --check

kernels: $(STAMP)
	@echo "== kernels, compiled once after a change"
	@$(BIN)/lockstep compile

programs: $(STAMP)
	@echo "== Kafka broker for the tests (Java, and its jars once)"
	@$(BIN)/python deploy/kafka/jars.py
	@echo "== Prometheus for the tests (of the system, or its Debian package unpacked into .venv)"
	@$(BIN)/python deploy/prometheus/programs.py
	@echo "== Chromium for the tests of the report (of the system, or its Debian package)"
	@$(BIN)/python deploy/chromium/browser.py

dashboards: $(STAMP) ## write Grafana's dashboards and the tables of metrics anew, after a change of either
	@$(BIN)/python -m deploy.grafana.dashboards
	@$(BIN)/python -m deploy.prometheus.metrics_page

pictures: $(STAMP) ## write the pictures of the report and the desk in docs/pictures anew, with Chromium
	@$(BIN)/python -m tests.report_pictures
	@$(BIN)/python -m tests.desk_pictures

golden: $(STAMP) ## write tests/golden anew, after a change of detection that is meant
	@$(BIN)/python -m tests.golden_alerts

lock: $(STAMP) ## write requirements.lock anew from pyproject.toml (LOCK_FLAGS=--upgrade for newer versions)
	@# One version for every Python (fewest forks): the same numbers and the same type stubs everywhere.
	@$(BIN)/uv pip compile pyproject.toml --extra live --group dev --universal --python-version 3.11 --fork-strategy fewest \
		--generate-hashes --no-header --no-emit-index-url --quiet --output-file requirements.lock $(LOCK_FLAGS)
	@echo "wrote requirements.lock"

quality: $(STAMP) ## detection quality on labelled data: make quality DATA=DIR [SETS=A,B] [CODE=CHECKOUT]
	@if [ -z "$(DATA)" ]; then echo "which data? make quality DATA=DIR" >&2; exit 2; fi
	@$(BIN)/python -m benchmarks.quality "$(DATA)" $(if $(SETS),--sets "$(SETS)") $(if $(CODE),--code "$(CODE)")

evasion: $(STAMP) ## how much of an operation is found, the more it hides: table and docs/pictures/evasion.svg
	@$(BIN)/python -m benchmarks.evasion --picture docs/pictures/evasion.svg

bench: $(STAMP) ## speed and memory, beside reading alone and another program; SIZES=10000,100000,1000000: other loads
	@$(BIN)/python -m benchmarks.results $(if $(SIZES),--sizes $(SIZES))

soak: $(STAMP) ## 20 kills, long tests, 1,000 simulated clusters, 20 minutes of load and kills, an hour of all that goes wrong; DATA=DIR: also real data
	@LOCKSTEP_LONG=1 LOCKSTEP_KILLS=20 LOCKSTEP_TEST_LIMIT_S=1200 LOCKSTEP_DATA="$(DATA)" $(BIN)/python -m pytest -q \
		tests/integration/test_chaos.py tests/integration/test_equivalence.py
	@LOCKSTEP_LONG=1 $(BIN)/python -m pytest -q -m long
	@LOCKSTEP_LONG=1 $(BIN)/python -m pytest -q tests/detectors/state tests/streams/state tests/streams/live/state \
		tests/streams/live/detection tests/streams/replay tests/detectors/pools tests/detectors/attribution/hidden_mentions
	@LOCKSTEP_SIMULATED_RUNS=1000 LOCKSTEP_TEST_LIMIT_S=7200 $(BIN)/python -m pytest -q -n $(CORES) tests/distribution
	@LOCKSTEP_TEST_LIMIT_S=1200 $(BIN)/python -m benchmarks.soak
	@LOCKSTEP_TEST_LIMIT_S=1200 $(BIN)/python -m benchmarks.chaos

clean: ## remove results and caches (not .venv)
	rm -rf out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
