# Mapacha: the commands of the README. Each says what it lacks on a bare machine and how to get it.
# One profile (release) and one target folder serve all of them: what one compiles, the next does not.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
CARGO ?= cargo
BIN := target/release/mapacha

.PHONY: demo build package test lint bench validate-access torture fuzz browser-test interoperability-test doc clean help

help:
	@echo "make demo     build, then open a living demo city on http://127.0.0.1:8080"
	@echo "make build    build target/release/mapacha, pages' assets inside"
	@echo "make package  build what is handed out: program, bill of materials, licences, checksums"
	@echo "make test     install what the tests need, and run them all"
	@echo "make interoperability-test  published NGSI-LD clients against the built program"
	@echo "make lint     rustfmt, clippy, cargo-deny"
	@echo "make bench    measure, and print the numbers that benches/README.md records"
	@echo "make torture  the long forms of the slow suites"
	@echo "make fuzz     fuzz every parser, five minutes each"
	@echo "make validate-access  compute the validation page of reachability again"

demo: build
	@echo "== opening the demo city (Ctrl-C ends it)"
	@exec $(BIN) demo $(DEMO)

build:
	@scripts/need build
	@scripts/build-web
	@echo "== building the program (about 10 to 16 minutes the first time on two cores)"
	@$(CARGO) build --release --package mapacha

package:
	@scripts/package

# What a test lacks is told at the end, and where there are test data it may lack none of them.
test: export MAPACHA_SKIPPED := $(CURDIR)/target/skipped
test: export MAPACHA_DATA_REQUIRED := $(if $(MAPACHA_TEST_DATA)$(wildcard ../shared/data),1)
test:
	@scripts/need build test
	@mkdir -p target && rm -f "$$MAPACHA_SKIPPED"
	@scripts/build-web
	@echo "== building program and tests"
	@$(CARGO) build --release --workspace --all-targets
	@echo "== running the tests"
	@$(CARGO) nextest run --release --workspace --no-fail-fast
	@$(CARGO) test --release --workspace --doc --quiet
	@scripts/browser-test
	@scripts/interoperability-test
	@scripts/provider-test
	@scripts/acme-test
	@if [ -s "$$MAPACHA_SKIPPED" ]; then echo "== passed, but proved nothing here:"; sort -u "$$MAPACHA_SKIPPED"; fi

lint:
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --release --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "cargo-deny is not installed: cargo install cargo-deny --locked"; fi

bench: build
	@benches/run

validate-access: build
	@benches/run validate access

torture: build
	@MAPACHA_TORTURE=1 $(CARGO) nextest run --release --workspace --no-fail-fast
	@scripts/schemathesis 1000

fuzz:
	@scripts/fuzz 300

browser-test: build
	@scripts/browser-test

interoperability-test: build
	@scripts/interoperability-test
	@scripts/provider-test
	@scripts/acme-test

doc:
	@$(CARGO) doc --release --workspace --no-deps

clean:
	@$(CARGO) clean
	@rm -rf web/dist web/node_modules tests/browser/node_modules tests/interoperability/node/node_modules tests/interoperability/provider/node_modules
