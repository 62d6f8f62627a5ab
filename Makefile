# The front door. `make serve` and `make test` are all the set-up on a fresh machine.

DIR    ?= examples/files
HOST   ?= 127.0.0.1
PORT   ?= 6969
PREFIX ?= /usr/local
CMAKE  ?= cmake

BUILD := build/release

.PHONY: build serve test abi test-native test-systems oldest-rust soak mutants style docs sbom setup dist dist-windows test-dist wheel bench bench-peers bench-scale bench-sources bench-build bench-events bless install clean help
.DEFAULT_GOAL := build

build: ## build the library and the example programs
	@scripts/setup.sh build
	@mkdir -p build
	@[ -e $(BUILD)/lib/libtftpserver.a ] || echo "building the library and its examples: a minute or two the first time"
	@$(CMAKE) -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@$(CMAKE) --build $(BUILD) >>$(BUILD).log 2>&1 || { tail -n 60 $(BUILD).log; exit 1; }

serve: build ## serve DIR on HOST:PORT until Ctrl-C
	@file=$$(cd "$(DIR)" && find . -type f ! -name '.*' | sed 's,^\./,,' | sort | { sed -n '/^hello/{p;q};1h;$${x;p}'; }); \
	 echo "try:  curl tftp://$(HOST):$(PORT)/$${file:-FILE}"
	@exec $(BUILD)/examples/serve --host "$(HOST)" --port "$(PORT)" "$(DIR)"

test: setup ## run every test: about twenty minutes with two processors
	@scripts/test.sh

test-native: ## run the tests that macOS and Windows run too
	@scripts/test-native.sh

oldest-rust: ## compile with the oldest Rust that is supported
	@scripts/oldest-rust.sh

test-systems: ## link for other systems, run the Windows library under wine: about fifteen minutes with two processors
	@scripts/test-systems.sh

soak: setup ## run the long forms of the robustness tests: hours; STEPS="NAME..." for some of them
	@scripts/setup.sh soak
	@scripts/soak.sh $(STEPS)

mutants: ## change the protocol and the server machine in one place at a time, and list the changes that no test notices: an hour
	@scripts/mutants.sh $(MUTANTS)

style: ## check spelling, form, workflows and licences
	@scripts/style.sh

docs: ## make the site of documents, in build/site
	@scripts/site.sh

sbom: ## make the bill of materials (CycloneDX) of library and command, in dist/
	@scripts/sbom.sh

abi: ## compare the C interface with that of the last release, or of BASE: additions only
	@scripts/setup.sh test
	@scripts/abi.sh $(BASE)

setup: ## check that what the tests need is installed; as root on Debian or Ubuntu, install it
	@scripts/setup.sh test

bench: bench-build ## measure throughput beside the limit of this machine
	@benches/run.py $(BENCH)

bench-peers: bench-build ## measure it beside other servers too, from Debian and crates.io
	@benches/peers.sh
	@benches/run.py --peers $(BENCH)

bench-scale: bench-build ## measure memory, and the cost of a packet, with up to 10,000 transfers
	@benches/scale.py $(BENCH)

bench-sources: bench-build ## measure downloads that the application supplies, beside the same bytes as a file
	@benches/sources.py $(BENCH)

bench-build:
	@CARGO_TARGET_DIR="$${CARGO_TARGET_DIR:-target}" cargo build --quiet --release --locked --manifest-path benches/Cargo.toml

bench-events: ## measure what events cost
	@benches/events/run.sh

bless: ## regenerate what is made from api/ and from the sources: tables, constants, header, bindings, reference
	cargo run --quiet --package tftpserver-api
	TFTPSERVER_BLESS=1 cargo test --quiet --test interface header::
	cargo run --quiet --package tftpserver-api # once more: pages of the reference quote the header
	TFTPSERVER_BLESS=1 cargo test --quiet --test files codepages::
	python3 bindings/python/generate.py
	! command -v php >/dev/null || php bindings/php/bin/make-ffi-header.php

wheel: build ## build the Python wheel, with the library in it, into dist
	@scripts/wheel.sh $(BUILD)/lib/libtftpserver.so.0 dist

dist: ## make what is published, in dist/: source archive, Debian packages, the command as one program, wheel, Composer archive
	@scripts/setup.sh dist
	@scripts/dist.py

dist-windows: ## make the archive for Windows in dist/, with MinGW-w64
	@scripts/dist-windows.sh

test-dist: dist ## test the packages in dist/, with a whole build from the source archive
	@python3 suites/packages/dist.py --full

install: build ## install below PREFIX (and DESTDIR): the library and the command
	$(CMAKE) --install $(BUILD) --prefix "$(PREFIX)"
	@scripts/install-command.sh "$(PREFIX)"

clean: ## remove what was built
	rm -rf build
	cargo clean --quiet

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "%-14s %s\n", $$1, $$2 }'
