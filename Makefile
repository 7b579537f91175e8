# `make serve` and `make test` need nothing but Rust, Python 3, Node and a C compiler; the rest is
# installed when it is missing.

# llama.cpp takes minutes to build: keep it outside the checkout, apart for each processor, since
# code for one may not run on another.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/propus
CPU := $(shell { grep -m1 -E '^(flags|Features)' /proc/cpuinfo || uname -m; } 2>/dev/null | cksum | cut -d' ' -f1)
export CARGO_TARGET_DIR ?= $(CACHE)/target-$(CPU)

# The crates that need no C++; the other two are always built for release, so that llama.cpp is
# built once.
PURE := -p propus-wire -p propus-failures -p propus-tokens -p propus-quota -p propus-client -p propus-doctor -p propus-engines -p propus-server --features propus-quota/shared,propus-client/tokens,propus-server/otel
REAL := --release -p propus-llama -p propus
PROPUS := $(CARGO_TARGET_DIR)/release/propus

.PHONY: serve build test test-pure test-real conformance backend bench fuzz lint doc fmt tools model

serve: build
	$(PROPUS) serve

build: tools
	cargo build --release -p propus

tools:
	@scripts/install-tools

model: build
	$(PROPUS) pull smollm2-135m-instruct
	$(PROPUS) pull all-minilm-l6-v2

test: tools lint test-pure test-real conformance

test-pure:
	cargo test $(PURE)

test-real: model
	cargo test $(REAL) --lib --bins --tests
	cargo test --release -p propus-llama --doc

# The official SDKs against the real binary and the real default model.
conformance: model
	tests/conformance/run $(PROPUS)
	tests/backend/guide.py $(PROPUS)

# The rules of the backend under load, with real clocks: some ten minutes.
backend: model
	tests/backend/guide.py $(PROPUS)
	tests/backend/exact.py $(PROPUS) --outages
	tests/backend/crash.py $(PROPUS)
	tests/backend/overload.py $(PROPUS)

bench: model
	benches/run $(PROPUS)
	cargo bench -p propus-failures -p propus-tokens -p propus-quota

# Each target for SECONDS.
SECONDS := 60
fuzz:
	fuzz/run $(SECONDS)

lint:
	cargo fmt --check
	cargo clippy $(PURE) --all-targets -- -D warnings
	cargo clippy $(REAL) --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps $(PURE)
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps $(REAL)

fmt:
	cargo fmt
