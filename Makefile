# Everything a user or developer runs. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

VENV := .venv
PYTHON := $(VENV)/bin/python
COMMAND := $(VENV)/bin/ddsp-rt
DATA ?= ../shared/data
JOBS ?= $(shell nproc)
# One thread a process: PyTorch's own threads get in each other's way where tests already run side by side.
PYTEST = env OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n $(JOBS)

# Runs a long command, keeps what it says in a log, and says every ten seconds how far it is.
STEPS = python3 cmake/steps.py

# Debian packages: what the engine and its Python module need to build, then what their tests need besides.
ENGINE_PACKAGES := g++ cmake ninja-build nlohmann-json3-dev
BUILD_PACKAGES := $(ENGINE_PACKAGES) python3-dev python3-venv
LINT_PACKAGES := clang-format clang-tidy
PD_PACKAGES := $(ENGINE_PACKAGES) puredata-dev
# clang only recommends its sanitizers' run-time library, and nothing recommended is installed here.
CLANG_PACKAGES := clang libclang-rt-dev
# JUCE as Debian has it, with what its modules are compiled against.
PLUGIN_PACKAGES := $(ENGINE_PACKAGES) juce-modules-source juce-modules-source-data juce-tools lv2-dev libasound2-dev \
  libcurl4-openssl-dev libfreetype-dev libgl-dev libjack-jackd2-dev libjpeg-dev libpng-dev libx11-dev \
  libxcursor-dev libxext-dev libxinerama-dev libxrandr-dev pkg-config
# What their tests need besides; sordi brings what lv2_validate calls, xauth what xvfb-run does.
PLUGIN_TEST_PACKAGES := $(PLUGIN_PACKAGES) doctest-dev ardour jalv jackd2 sordi xauth xvfb
FUZZ_PACKAGES := $(ENGINE_PACKAGES) $(CLANG_PACKAGES)
TEST_PACKAGES := $(BUILD_PACKAGES) doctest-dev puredata-core puredata-dev valgrind $(CLANG_PACKAGES) \
  g++-mingw-w64-x86-64-posix jackd2 libportaudio2

ENGINE_SOURCES := CMakeLists.txt engine/CMakeLists.txt \
  $(shell find engine/ddsp_rt src/ddsp_rt -name '*.cpp' -o -name '*.h' -o -name '*.inl')
INSTRUMENTS := $(wildcard instruments/*.ddsp instruments/*.md)

# $(call need-packages,LIST): installs what is missing as root, names it in one line otherwise.
define need-packages
missing=""; \
if command -v dpkg-query >/dev/null; then \
  for package in $(1); do \
    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' || \
      missing="$$missing $$package"; \
  done; \
fi; \
if [ -n "$$missing" ]; then \
  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
    echo "Installing system packages (a minute or so):$$missing"; \
    apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
  else \
    echo "Missing system packages; as root, run: apt-get install$$missing" >&2; exit 1; \
  fi; \
fi
endef

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# ---- setting up ----------------------------------------------------------------------------------------------------

$(VENV)/bin/python:
	@$(call need-packages,$(BUILD_PACKAGES))
	@echo "Making the Python environment in $(VENV)"
	@python3 -m venv $(VENV)

# The package with its compiled engine, without PyTorch. Editable: changed Python files count at once.
$(VENV)/.package: pyproject.toml $(ENGINE_SOURCES) $(INSTRUMENTS) | $(VENV)/bin/python
	@$(call need-packages,$(BUILD_PACKAGES))
	@echo "Building the engine and installing the package (a minute or so)"
	@$(STEPS) build/package.log $(PYTHON) -m pip install -v --disable-pip-version-check -e .
	@touch $@

# PyTorch first and by version: left to choose, pip may bring a build for other hardware.
$(VENV)/.test: pyproject.toml | $(VENV)/.package
	@$(call need-packages,$(TEST_PACKAGES))
	@echo "Installing PyTorch and the test tools (some minutes the first time)"
	@$(STEPS) build/test-tools.log $(PYTHON) -m pip install --disable-pip-version-check torch==2.13.0
	@$(PYTHON) -c 'import tomllib; \
	  extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
	  names = "train", "cluster", "evaluate", "formats", "export", "live", "test", "lint"; \
	  print(*(r for name in names for r in extras[name]), sep="\n")' >build/test-tools.txt
	@$(STEPS) build/test-tools.log $(PYTHON) -m pip install --disable-pip-version-check -r build/test-tools.txt
	@touch $@

.PHONY: engine
engine: ## build the engine and its tests
	@$(call need-packages,$(TEST_PACKAGES))
	@echo "Building the engine, its tests and the Pure Data objects"
	@cmake -S . -B build/dev -G Ninja -DDDSP_RT_TESTS=ON -DDDSP_RT_PD=ON -DDDSP_RT_WERROR=ON >/dev/null
	@cmake --build build/dev -j $(JOBS)

# ---- the commands --------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/.package ## the bundled sung phrase becomes a violin and a saxophone: out/*.wav and their pictures
	@mkdir -p out
	@for name in violin alto-saxophone; do \
	  $(COMMAND) transfer examples/sung_phrase.flac --to $$name -o out/$$name.wav --figure out/$$name.png || exit; \
	  echo "Made out/$$name.wav (listen) and out/$$name.png (look) from examples/sung_phrase.flac"; \
	done

.PHONY: listen
listen: $(VENV)/.test ## make docs/instruments.html again, the page that plays every instrument, where one has changed
	@$(PYTHON) docs/listen.py

.PHONY: test
test: $(VENV)/.test engine fuzz-build lint-packages ## every test, and the rules
	@JOBS=$(JOBS) PYTEST="$(PYTEST)" tests/all.sh

# The rules of text first, since they fail at once; the rest side by side, what takes longest before all else.
.PHONY: check
check: lint-text ## the inner loop: the rules and the quick tests
	@$(MAKE) --no-print-directory -j 2 check-python lint-types lint-names check-engine

.PHONY: check-engine
check-engine:
	@$(PYTHON) tests/lint/passed.py engine-tests build/dev/engine/engine_tests tests/data -- \
	  ctest --test-dir build/dev --no-tests=error --output-on-failure -j $(JOBS)
	@$(PYTHON) tests/lint/passed.py embedding tests/test_embedding.py build/dev/engine/libddsp_rt.a engine/ddsp_rt \
	  engine/CMakeLists.txt CMakeLists.txt cmake examples/embed tests/data/golden.ddsp -- \
	  $(PYTEST) -x tests/test_embedding.py

.PHONY: check-python
check-python:
	@env OMP_NUM_THREADS=1 $(PYTHON) tests/lint/unchanged.py -n $(JOBS) -x -m "not slow" --dist worksteal

# ---- the rules -----------------------------------------------------------------------------------------------------

CPP_FILES = $(shell find engine pd plugin src benchmarks examples -name '*.cpp' -o -name '*.h' -o -name '*.inl')

.PHONY: lint
lint: lint-text lint-types lint-names ## the rules: layout, names, types, line lengths

.PHONY: lint-text
lint-text: $(VENV)/.test engine lint-packages
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet . || { echo "Python is not laid out by ruff: run make format" >&2; exit 1; }
	@clang-format --dry-run -Werror $(CPP_FILES)
	@$(PYTHON) tests/lint/columns.py
	@$(PYTHON) tests/lint/stub.py

.PHONY: lint-types
lint-types:
	@$(VENV)/bin/mypy --no-error-summary --python-version 3.10
	@$(VENV)/bin/mypy --no-error-summary --python-version 3.13

.PHONY: lint-names
lint-names:
	@JOBS=$(JOBS) $(PYTHON) tests/lint/names.py build/*/compile_commands.json

.PHONY: lint-packages
lint-packages:
	@$(call need-packages,$(LINT_PACKAGES))

.PHONY: format
format: $(VENV)/.test lint-packages ## lay the code out as `lint` wants it
	@$(VENV)/bin/ruff check --quiet --fix --select I .
	@$(VENV)/bin/ruff format --quiet .
	@clang-format -i $(CPP_FILES)

.PHONY: floors
floors: $(VENV)/.package ## install the oldest versions the package declares, and run the demo on them
	@tests/floors.sh $(PYTHON)

.PHONY: stub
stub: $(VENV)/.test ## write what Python's type checkers are told of the compiled engine
	@$(PYTHON) tests/lint/stub.py --write

# ---- figures -------------------------------------------------------------------------------------------------------

.PHONY: evaluate
evaluate: $(VENV)/.test ## the figures that need recordings: make evaluate DATA=folder [AGAINST=earlier.json QUICK=1]
	@$(PYTHON) benchmarks/evaluate.py $(DATA) \
	  --json build/evaluation-$$(git describe --always --dirty=+ --exclude='*').json \
	  $(if $(AGAINST),--against $(AGAINST)) $(if $(QUICK),--quick) $(if $(ONLY),--only "$(ONLY)") --jobs $(JOBS)

.PHONY: bench
bench: $(VENV)/.package ## speed, block times, memory and latency on this machine
	@$(COMMAND) benchmark --to violin
	@if $(PYTHON) -c 'import onnxruntime, onnxscript, torch' 2>/dev/null; then \
	  OMP_NUM_THREADS=1 $(PYTHON) benchmarks/exports.py; \
	else echo "TorchScript and ONNX Runtime: not measured, they are not installed (make test installs them)"; fi

PREFIX ?= /usr/local

.PHONY: install
install: ## install the engine for C++ programs: headers, library, CMake package (PREFIX=/usr/local)
	@$(call need-packages,$(ENGINE_PACKAGES))
	@cmake --preset engine >/dev/null
	@cmake --build build/engine -j $(JOBS)
	@cmake --install build/engine --prefix "$(PREFIX)" --component engine
	@echo "Installed in $(PREFIX); see docs/embedding.md"

# Refactoring must not be heard. The other revision is built in a worktree of its own, without PyTorch, and kept for the
# next time; SAME_AS_FOLDER lets several checkouts share it.
SAME_AS_FOLDER ?= build/same-as

.PHONY: same-as
same-as: $(VENV)/.test pd ## compare every sample with another revision's: make same-as REV=main
	@$(call need-packages,puredata-core)
	@test -n "$(REV)" || { echo "Name the revision to compare with: make same-as REV=main" >&2; exit 2; }
	@commit=$$(git rev-parse --short=12 --verify "$(REV)^{commit}"); other=$(abspath $(SAME_AS_FOLDER))/$$commit; \
	git worktree prune; \
	[ -e "$$other/Makefile" ] || git worktree add -q --detach "$$other" "$$commit"; \
	env -u MAKEFLAGS -u MAKEOVERRIDES $(MAKE) --no-print-directory -C "$$other" .venv/.package pd; \
	echo "Comparing with $$commit"; \
	PYTHONPATH=tests $(PYTHON) -m same_as "$$other"

# ---- hostile input, threads, long sessions --------------------------------------------------------------------------

FUZZ_SECONDS ?= 60
FUZZERS := build/fuzz/engine/fuzz
FUZZ_REPORT := grep -aE 'INITED|pulse|BROKEN|ERROR|SUMMARY|runtime error|Test unit|Done|events played| \#[0-9]'

# $(call run-fuzzer,NAME,LONGEST INPUT): what breaks it stays in build/fuzz/found, what was learnt on the way in
# build/fuzz/corpus, where the next run starts.
define run-fuzzer
mkdir -p build/fuzz/found build/fuzz/corpus/$(1); \
$(FUZZERS)/fuzz_$(1) -max_total_time=$(FUZZ_SECONDS) -max_len=$(2) -len_control=0 -timeout=20 -malloc_limit_mb=512 \
  -mutate_depth=3 -artifact_prefix=build/fuzz/found/$(1)- build/fuzz/corpus/$(1) engine/fuzz/corpus/$(1) 2>&1 | \
  $(FUZZ_REPORT)
endef

.PHONY: fuzz-build
fuzz-build:
	@$(call need-packages,$(FUZZ_PACKAGES))
	@echo "Building the fuzzers"
	@cmake --preset fuzz >/dev/null
	@cmake --build build/fuzz -j $(JOBS)

.PHONY: fuzz
fuzz: fuzz-build ## look for input that breaks the loader, the playing or the notes (FUZZ_SECONDS=60 for each)
	@$(call run-fuzzer,loader,10000)
	@$(call run-fuzzer,process,512)
	@$(call run-fuzzer,notes,1024)

.PHONY: fuzz-planted
fuzz-planted: fuzz-build ## plant ten faults in the loader and see the fuzzer find each within a minute
	@cmake --build build/fuzz -j $(JOBS) --target fuzz_planted
	@engine/fuzz/find_planted.sh build/fuzz

.PHONY: mutants
mutants: ## plant faults in what plays and see the engine's tests catch each
	@$(call need-packages,$(TEST_PACKAGES))
	@cmake -S . -B build/mutants -G Ninja -DDDSP_RT_TESTS=ON -DDDSP_RT_MUTANTS=ON >/dev/null
	@cmake --build build/mutants -j $(JOBS) --target engine_tests
	@JOBS=$(JOBS) engine/mutants/catch.sh build/mutants

.PHONY: tsan
tsan: ## the engine's threads under the thread sanitizer
	@$(call need-packages,$(TEST_PACKAGES))
	@cmake --preset tsan >/dev/null
	@cmake --build build/tsan -j $(JOBS) --target engine_tests
	@TSAN_OPTIONS=halt_on_error=1 build/tsan/engine/engine_tests -tc='*storm*,*share the room*'

.PHONY: soak
soak: engine ## ten hours of silence, of a tone and of notes through the small instrument, an hour of the violin
	@DDSP_RT_HOURS=10 build/dev/engine/engine_tests -tc='Long session*'
	@DDSP_RT_HOURS=1 DDSP_RT_SESSION_INSTRUMENT=instruments/violin.ddsp DDSP_RT_SESSION_RATE=48000 \
	  build/dev/engine/engine_tests -tc='Long session*'

# ---- packages ------------------------------------------------------------------------------------------------------

# The wheel is built from the source distribution, which thereby shows that it lacks nothing.
.PHONY: wheel
wheel: $(VENV)/bin/python ## build the source distribution and the wheel: dist/
	@$(call need-packages,$(BUILD_PACKAGES))
	@echo "Building the source distribution, and the wheel from it (some minutes)"
	@$(PYTHON) -m pip install -q --disable-pip-version-check build
	@rm -f dist/ddsp_rt-*.tar.gz dist/ddsp_rt-*.whl
	@$(STEPS) build/wheel.log $(PYTHON) -m build --outdir dist .

.PHONY: wheel-test
wheel-test: wheel ## install the wheel in an environment of its own, outside the checkout, and play there
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	  python3 -m venv "$$folder/env"; \
	  "$$folder/env/bin/python" -m pip install -q --disable-pip-version-check dist/ddsp_rt-*.whl; \
	  script=$$PWD/tests/smoke_installed.py; cd "$$folder"; \
	  env -u PYTHONPATH -u DDSP_RT_PATH "$$folder/env/bin/python" "$$script"

# ---- Pure Data -----------------------------------------------------------------------------------------------------

PD_FOLDER := build/pd/pd/ddsp-rt
PD_EXTERNALS ?= $(if $(filter Darwin,$(shell uname)),$(HOME)/Library/Pd,$(HOME)/.local/lib/pd/extra)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
PD_PLATFORM = $(shell uname -s)-$(subst aarch64,arm64,$(subst x86_64,amd64,$(shell uname -m)))-32
DIST := dist
PD_PACKAGE = ddsp-rt[v$(VERSION)]($(PD_PLATFORM)).dek

.PHONY: pd
pd: ## build the Pure Data objects: build/pd/pd/ddsp-rt holds all they need
	@$(call need-packages,$(PD_PACKAGES))
	@cmake -S . -B build/pd -G Ninja -DDDSP_RT_PD=ON >/dev/null
	@cmake --build build/pd -j $(JOBS)

.PHONY: install-pd
install-pd: pd ## put them into Pd's folder of externals (PD_EXTERNALS=folder for another)
	@mkdir -p "$(PD_EXTERNALS)"
	@rm -rf "$(PD_EXTERNALS)/ddsp-rt"
	@cp -r $(PD_FOLDER) "$(PD_EXTERNALS)/ddsp-rt"
	@echo "Installed in $(PD_EXTERNALS)/ddsp-rt: in a patch, [declare -path ddsp-rt] finds them"

.PHONY: bench-live
bench-live: $(VENV)/.package pd ## the objects in a live Pd: speed, size, delay and dropouts (SECONDS=120)
	@$(call need-packages,puredata-core jackd2)
	@$(PYTHON) -m pip install -q --disable-pip-version-check JACK-Client
	@DDSP_RT_PATH=instruments $(PYTHON) benchmarks/live_pd.py violin --seconds $(or $(SECONDS),120)

.PHONY: bench-terminal
bench-terminal: $(VENV)/.test ## `ddsp-rt live` beside a plain wire: dropouts at 128 samples (SECONDS=120)
	@$(call need-packages,jackd2 libportaudio2)
	@$(PYTHON) benchmarks/live_terminal.py violin --seconds $(or $(SECONDS),120)

.PHONY: pd-package
pd-package: pd pd-archive ## make the archive that Pd's package manager (deken) takes
	@echo "Made $(DIST)/$(PD_PACKAGE)"

.PHONY: pd-archive
pd-archive:
	@mkdir -p "$(DIST)"
	@rm -f "$(DIST)/$(PD_PACKAGE)"
	@cd "$(dir $(PD_FOLDER))" && cmake -E tar cf "$(abspath $(DIST))/$(PD_PACKAGE)" --format=zip $(notdir $(PD_FOLDER))
	@printf '%s\t%s\n' ddsp.transfer~ "audio in, a trained instrument out" \
	  ddsp~ "pitch, envelope and modulation in, a trained instrument out" \
	  ddsp.notes~ "keys in, a trained instrument out" > "$(DIST)/$(PD_PACKAGE).txt"
	@cd "$(DIST)" && sha256sum "$(PD_PACKAGE)" > "$(PD_PACKAGE).sha256"

# ---- plugins -------------------------------------------------------------------------------------------------------

PLUGIN_BUILD := build/plugin/plugin
PLUGIN_FORMATS := VST3 LV2 Standalone

# JUCE warns of things that we mean; what it says is shown when it stops.
.PHONY: plugin
plugin: ## build the plugins: VST3, LV2 and standalone, in build/plugin/plugin/*_artefacts (some minutes)
	@$(call need-packages,$(PLUGIN_PACKAGES))
	@mkdir -p build
	@cmake --preset plugin >build/plugin-configure.log 2>&1 || { cat build/plugin-configure.log; exit 1; }
	@cmake --build build/plugin -j $(JOBS) --target plugins

# Inter is the face that the window prefers; a picture in another one would differ from those that are there.
.PHONY: plugin-pictures
plugin-pictures: $(VENV)/.test ## draw the plugins' windows for docs/images
	@$(call need-packages,$(PLUGIN_PACKAGES) fonts-inter)
	@mkdir -p build
	@cmake --preset plugin >build/plugin-configure.log 2>&1 || { cat build/plugin-configure.log; exit 1; }
	@cmake --build build/plugin -j $(JOBS) --target window_pictures
	@$(PYTHON) -c "import soundfile as s; s.write('build/plugin/phrase.wav', *s.read('examples/sung_phrase.flac'))"
	@$(PLUGIN_BUILD)/window_pictures build/plugin/phrase.wav build/plugin/pictures
	@$(PYTHON) plugin/pictures/shrink.py build/plugin/pictures docs/images

# The hosts that load the plugins come as Python packages.
$(VENV)/.hosts: $(VENV)/.test
	@echo "Installing the plugin hosts"
	@$(PYTHON) -m pip install -q --disable-pip-version-check $$($(PYTHON) -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["hosts"])')
	@touch $@

# The processors in a host of our own, as they are and under sanitizers; then the plugins in real hosts.
PLUGIN_HOST := $(PLUGIN_BUILD)/plugin_host
# The guard's own operator new and delete are found mismatched with the library's, which is no fault of the plugins.
SANITIZER_OPTIONS := ASAN_OPTIONS=detect_container_overflow=0:alloc_dealloc_mismatch=0 UBSAN_OPTIONS=print_stacktrace=1

.PHONY: plugin-host
plugin-host: plugin
	@$(call need-packages,$(PLUGIN_TEST_PACKAGES))
	@cmake --build build/plugin -j $(JOBS) --target plugin_host

.PHONY: test-plugin
test-plugin: $(VENV)/.hosts plugin-host ## the plugins in real hosts, and under sanitizers in one of our own
	@cmake --build build/plugin -j $(JOBS) --target plugin_host_sanitized
	@xvfb-run -a $(PLUGIN_HOST)
	@$(SANITIZER_OPTIONS) xvfb-run -a $(PLUGIN_HOST)_sanitized
	@$(PYTEST) tests/plugin

.PHONY: bench-plugin
bench-plugin: $(VENV)/.hosts plugin-package ## plugins beside the engine, how long hosts wait, how large the archive is
	@cmake --build build/plugin -j $(JOBS) --target plugin_bench
	@$(PLUGIN_BUILD)/plugin_bench
	@$(PYTHON) benchmarks/plugin/hosts.py $(PLUGIN_BUILD) "$(DIST)/$(PLUGIN_PACKAGE).tar.gz"

.PHONY: install-plugin
install-plugin: plugin ## install them for this user, where hosts look (PLUGIN_HOME=folder for another home)
	@plugin/install.sh "$(PLUGIN_BUILD)" "$(or $(PLUGIN_HOME),$(HOME))"

PLUGIN_PACKAGE = ddsp-rt-plugins-$(VERSION)-$(shell uname -s | tr A-Z a-z)-$(shell uname -m)

.PHONY: plugin-package
plugin-package: plugin ## make the archive that a user would download
	@rm -rf "build/$(PLUGIN_PACKAGE)"
	@mkdir -p "$(DIST)"
	@plugin/package.sh "$(PLUGIN_BUILD)" "build/$(PLUGIN_PACKAGE)"
	@tar -C build -czf "$(DIST)/$(PLUGIN_PACKAGE).tar.gz" "$(PLUGIN_PACKAGE)"
	@cd "$(DIST)" && sha256sum "$(PLUGIN_PACKAGE).tar.gz" > "$(PLUGIN_PACKAGE).tar.gz.sha256"
	@echo "Made $(DIST)/$(PLUGIN_PACKAGE).tar.gz, $$(du -h "$(DIST)/$(PLUGIN_PACKAGE).tar.gz" | cut -f1)"

.PHONY: clean
clean: ## remove what was built (.venv too)
	rm -rf build dist out $(VENV)
