# Part of daqd
# SPDX-License-Identifier: MIT
# Every target works from a clean clone on a machine with the Swift toolchain; what is missing is installed first.
# umask 022: daqd refuses to load a plugin that others could have written.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PREFIX ?= /usr/local
DESTDIR ?=
CONFIG ?= plugins.conf
SOURCES := Sources Plugins Simulators Examples Tests Benchmarks

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

.PHONY: build
build: ## builds everything in release
	@umask 022; scripts/install-dependencies; swift build -c release

.PHONY: demo
demo: ## takes 10 frames on a simulated Eiger and shows what became of them
	@umask 022; scripts/demo

.PHONY: run
run: ## runs daqd with $(CONFIG) until Ctrl-C
	@umask 022; scripts/run $(CONFIG)

.PHONY: test
test: ## builds and runs every test; ends with "N passed, N failed"
	@umask 022; scripts/test $(SUITES)

.PHONY: bench
bench: ## measures daqd beside references in the same run
	@umask 022; scripts/bench $(BENCHMARKS)

.PHONY: fuzz
fuzz: ## feeds every parser many more mutations than `make test` does
	@umask 022; DAQD_FUZZ_COUNT=$${DAQD_FUZZ_COUNT:-400000} scripts/test --only Fuzz; for fuzzer in plugins pyon monitor-image channel-access-names channel-access-circuit; do scripts/fuzz-$$fuzzer; done

.PHONY: soak
soak: ## takes series for an hour, with aborts and reloads, and watches memory, threads and files (DAQD_SOAK_SECONDS)
	@umask 022; scripts/soak

.PHONY: interop
interop: ## runs other projects' programs against ours, from checkouts given as variables (SEED_IOC=…, SEED_PACKAGE=…)
	@umask 022; scripts/interop $(PARTS)

.PHONY: install
install: ## installs to PREFIX, /usr/local unless told otherwise
	@umask 022; PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install

.PHONY: format
format: ## formats the sources, writes the digest of the kernel's interface anew
	@swift format -i -p -r $(wildcard $(SOURCES)) Package.swift
	@scripts/kernel-interface

.PHONY: lint
lint: ## checks format and documentation comments
	@swift format lint --strict -p -r $(wildcard $(SOURCES)) Package.swift

.PHONY: clean
clean: ## removes what was built, not the data
	@rm -rf .build Benchmarks/.build Examples/*/.build Sources/*/.build
