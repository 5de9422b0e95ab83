# Idem. `make` lists the targets; each says what it does behind two hashes.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CACHE  := $(CURDIR)/.cache
MODELS ?= $(CACHE)/models
DATA   ?= $(CURDIR)/data
LISTEN ?= 127.0.0.1:8080
export IDEM_MODELS := $(MODELS)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: run
run: native build models ## Start Idem with a demo organisation on SQLite at http://127.0.0.1:8080
	@bin/idem demo --data $(DATA) --listen $(LISTEN)

.PHONY: build
build: ## Build bin/idem
	@go build $$(tools/tags) -trimpath -o bin/idem ./cmd/idem

.PHONY: native
native: ## Install the libraries of the optional parts (OpenJPEG: JPEG 2000 portraits of chips; ZXing: PDF417 codes)
	@tools/install pkg-config libopenjp2-7-dev || echo "going on without JPEG 2000 portraits"
	@tools/install pkg-config g++ libzxing-dev || echo "going on without PDF417 codes"

.PHONY: models
models: build ## Pull and verify the models (about 182 MB, once)
	@bin/idem models pull

.PHONY: test
test: native models ## Run every test on SQLite and PostgreSQL, race detector on; the matcher on ARM too (installs PostgreSQL, QEMU, socat and fonts when missing)
	@tools/install postgresql qemu-user-static fonts-ocr-b fonts-dejavu-core tesseract-ocr tesseract-ocr-rus tesseract-ocr-kaz curl openssl socat
	tools/with-postgres go test $$(tools/tags) -race -timeout 40m ./...
	go run ./tools/capture -test
	tools/test-browser
	tools/test-arm64

.PHONY: test-browser
test-browser: native models ## Run the tests of the hosted page in Chromium with a fake camera (SCREENSHOTS=folder keeps pictures; installs Chromium)
	tools/test-browser

.PHONY: check
check: ## Format, vet, lint, architecture, generated files
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }
	go vet ./...
	GOARCH=arm64 go vet ./match
	GOARCH=riscv64 go vet ./match
	GOARCH=arm64 CGO_ENABLED=0 go build . ./client/... ./cmd/... ./internal/... ./match/...
	go tool staticcheck ./...
	go test -run 'TestArchitecture|TestBehaviourTable' .
	go run ./tools/conformance -check
	go run ./tools/capture -check
	npm ci --prefix internal/capture/ui --silent --no-audit --no-fund
	npm run --prefix internal/capture/ui --silent check
	go mod tidy -diff

.PHONY: generate
generate: ## Write the generated files again
	go run ./tools/conformance
	go run ./tools/capture

.PHONY: bench
bench: models ## Measure: face pipeline, technologies, HTTP, registry, enrolment, start-up
	@tools/install postgresql fonts-ocr-b fonts-dejavu-core
	tools/with-postgres go run ./tools/bench

.PHONY: bench-gallery
bench-gallery: models ## Measure identification by a server with a million templates (4 GB of disk below TMPDIR)
	go run ./tools/bench -only gallery

.PHONY: bench-flow
bench-flow: build models ## Measure sessions of flows against their technologies alone, and through a kill -9
	@tools/install postgresql fonts-ocr-b fonts-dejavu-core
	tools/with-postgres go run ./tools/bench -only flow

.PHONY: bench-match
bench-match: $(if $(FACES),models) ## Measure the search of templates beside its peers (FACES=folder,..., LARGE=1, PLOT=file.svg add real pictures, ten million rows, a plot)
	@tools/install python3-faiss libopenblas0-pthread
	go run ./tools/benchmatch $(if $(FACES),-faces $(FACES)) $(if $(LARGE),-large) $(if $(PLOT),-plot $(PLOT))

.PHONY: clean
clean: ## Remove what was built; models and data stay
	rm -rf bin
