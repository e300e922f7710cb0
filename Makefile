# Two commands do everything: `make lab` for learners, `make test` for whoever changes the course.
# The environment is made once, in .venv; an interrupted set-up goes on where it stopped.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3 python; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
BIN := .venv/bin
LEARNER := .venv/learner-ready
DEVELOPER := .venv/developer-ready
# Processes with one thread each; tests/conftest.py says which tests stay together.
SIDE_BY_SIDE := -n 2 --dist loadfile
# One more than two cores: many tests wait for processes of their own, or for what hangs to be given up.
UNIT := -n 3 --dist loadfile
# The lowest versions that pyproject.toml allows, in an environment of their own.
OLDEST := build/oldest
# A JupyterHub as the instructor's guide has it installed.
HUB := build/hub
# Limits for what hangs, not for what is slow on a busy machine.
NBVAL := -p tests.strict_notebooks --nbval --nbval-cell-timeout=600 --nbval-kernel-startup-timeout=600 $(SIDE_BY_SIDE)

# uv takes seconds where pip takes minutes; pip knows mirrors and certificates that were set for it, and uv does not.
install = UV_HTTP_TIMEOUT=30 UV_HTTP_RETRIES=1 $(BIN)/uv pip install --python $(BIN)/python --compile-bytecode -c constraints.txt -e $(1) || { \
	echo "uv cannot install it: going on with pip, which takes longer."; \
	$(BIN)/python -m pip install -c constraints.txt -e $(1); }
EVERYTHING := ".[test,proof,instructor,cluster,figures,site,viz]"

# A second thread that waits without spinning: kinder to the machine's other work, and to timings.
export OMP_WAIT_POLICY := PASSIVE

# On Linux without an NVIDIA GPU the usual torch brings gigabytes of CUDA that nothing here would use. $(1): a Python.
define torch_for_cpu
if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi > /dev/null && ! $(1) -c "import torch" 2> /dev/null; then \
	echo "No NVIDIA GPU found: looking for PyTorch's build for the CPU. If its index cannot be reached, the set-up goes on without."; \
	UV_HTTP_TIMEOUT=15 UV_HTTP_RETRIES=0 $(BIN)/uv pip install --python $(1) --compile-bytecode \
		--torch-backend cpu -c constraints.txt torch || { \
		echo "PyTorch's own index cannot be reached: going on with what pip finds."; \
		$(1) -m pip install -c constraints.txt torch; }; \
fi
endef

.PHONY: help lab test test-fast browser-test hub-test site site-test publish-notebooks test-oldest audit mutation report figures gallery experiments notebooks exercises doctor clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(LEARNER)  ## open JupyterLab on the chapters (NO_BROWSER=1 prints the address)
	@exec $(BIN)/cnncourse lab

test: $(DEVELOPER)  ## run everything: linter, unit tests, every notebook, the browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -m "not browser" $(UNIT)
	$(BIN)/python -m pytest $(NBVAL) chapters solutions exercises
	$(BIN)/python -m pytest -m "browser and not slow" $(SIDE_BY_SIDE)

browser-test: $(DEVELOPER)  ## look at every chapter in the browser, which takes some minutes
	$(BIN)/python -m pytest -m "browser and not hub"

hub-test: $(DEVELOPER)  ## install a JupyterHub, and take a class through an exercise with it (on Linux, as root)
	$(PYTHON) -m venv $(HUB)
	@$(call torch_for_cpu,$(HUB)/bin/python)
	@rm -rf build/lib  # what an earlier build left there would be installed, too
	$(HUB)/bin/python -m pip install --quiet -c constraints.txt ".[hub,instructor]"
	npm install --silent --prefix $(HUB) configurable-http-proxy@5.1
	$(BIN)/python -m pytest tests/hub

test-fast: $(DEVELOPER)  ## run the linter and the quick unit tests
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -m "not browser and not slow and not repeated" $(SIDE_BY_SIDE)

site: $(DEVELOPER)  ## make the site in build/site: the course to read in a browser
	$(BIN)/cnncourse site build/site $(if $(GITHUB_REPOSITORY),--repository $(GITHUB_REPOSITORY))

site-test: site  ## look at every page of the site: links, words, access for all, sizes
	$(BIN)/python -m pytest tests/site --site build/site

publish-notebooks: site  ## push notebooks that install the course by themselves to the branch "notebooks", for Colab and Kaggle
	@export GIT_INDEX_FILE=$(CURDIR)/build/notebooks.index && rm -f "$$GIT_INDEX_FILE" && \
	git --work-tree=build/site/notebooks add --force --all . && tree=$$(git write-tree) && \
	git push --force origin "$$(git commit-tree -m 'Notebooks that install the course' $$tree):refs/heads/notebooks"

test-oldest: $(DEVELOPER)  ## install the lowest versions that pyproject.toml allows, and run the quick unit tests with them
	$(PYTHON) -m venv $(OLDEST)
	$(BIN)/python -m pip install --quiet -c constraints.txt uv
	$(BIN)/uv pip install --python $(OLDEST)/bin/python --resolution lowest-direct -e ".[test,instructor,cluster,figures,site,viz]"
	$(OLDEST)/bin/python -m pytest -m "not browser and not slow" $(SIDE_BY_SIDE)
	@# Where slow tests look at what other libraries make of the course, and need no sandbox.
	$(OLDEST)/bin/python -m pytest -m "not browser and slow" $(SIDE_BY_SIDE) $(addprefix tests/,drawing history measure site weights)

audit: $(DEVELOPER)  ## look up known vulnerabilities of the pinned packages; says so where it cannot
	@$(BIN)/python -m tests.audit

mutation: $(DEVELOPER)  ## change the code in small ways and see whether a test notices (hours; goes on where it stopped)
	OMP_NUM_THREADS=1 $(BIN)/mutmut run
	$(BIN)/mutmut export-cicd-stats
	$(BIN)/mutmut results

report: $(DEVELOPER)  ## run the tests and write one page about them, build/report/index.html
	-$(BIN)/python -m coverage run -m pytest -q -m "not browser" --junitxml=build/report/tests.xml
	$(BIN)/python -m coverage json -q -o build/report/coverage.json
	-$(BIN)/python -m pytest -q $(NBVAL) --junitxml=build/report/notebooks.xml chapters
	$(BIN)/python -m tests.report build/report

figures: $(DEVELOPER)  ## draw the README's picture again
	$(BIN)/cnncourse draw inception-v1 images/inception-v1.svg

gallery: $(LEARNER)  ## draw all networks on one page, gallery/index.html
	$(BIN)/cnncourse gallery gallery

experiments: $(DEVELOPER)  ## run each experiment by twelve settings, as far as they are not kept yet (hours; goes on where it stopped)
	$(BIN)/cnncourse experiments

notebooks: $(DEVELOPER)  ## run the chapters and the masters again, and keep their outputs
	$(BIN)/cnncourse execute chapters/*.ipynb solutions/*/*.ipynb

exercises: $(DEVELOPER)  ## make the learners' exercises from the instructor's masters
	$(BIN)/cnncourse release

doctor: $(LEARNER)  ## check this installation
	@$(BIN)/cnncourse doctor

clean:  ## remove the environment
	rm -rf .venv

$(LEARNER): pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "The course needs Python 3.11 or newer. Install it, or say where it is: make lab PYTHON=/path/to/python3.11"; \
		exit 1; \
	fi
	@echo "Setting up .venv with $(PYTHON): about 2 GB and some minutes, once."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet -c constraints.txt uv || true
	@$(call torch_for_cpu,$(BIN)/python)
	@$(call install,.)
	@# An editable installation leaves out the file that any JupyterLab of this environment is to read.
	@mkdir -p .venv/etc/jupyter/jupyter_server_config.d
	@cp cnncourse/lab_settings/cnncourse.json .venv/etc/jupyter/jupyter_server_config.d
	@touch $@

$(DEVELOPER): $(LEARNER)
	@$(call install,$(EVERYTHING))
	@# nbgrader would put its menus into every learner's JupyterLab; instructors who want them can enable them again.
	@$(BIN)/jupyter labextension disable --level=sys_prefix @jupyter/nbgrader > /dev/null 2>&1
	@for extension in formgrader validate_assignment assignment_list course_list; do \
		$(BIN)/jupyter server extension disable --sys-prefix nbgrader.server_extensions.$$extension > /dev/null 2>&1; \
	done
	@touch $@
