# The everyday commands. `tests/setup` installs what is missing; nothing else is needed but Rust.

.PHONY: help setup demo test endurance chaos soak bench lint

help:
	@echo "make demo    show how a citizen's mailbox and phone, monitoring and encrypted rooms talk,"
	@echo "             then stay up to be tried out (DEMO_ONCE=1: stop after the play)"
	@echo "make test    formatting, lints and every test, on real servers"
	@echo "make endurance  kill viadukt 50 times at random moments and several times at every"
	@echo "             durable point while people write, and judge what arrived"
	@echo "make chaos   break everything that viadukt stands on while people write on every channel,"
	@echo "             1,400 times (ROUNDS=), by a schedule (SEED=) of faults (FAULTS=), and judge"
	@echo "             what arrived; needs root; writes docs/reliability.md when nothing is named"
	@echo "make soak    half an hour (SOAK=, minutes) of load with faults; memory and descriptors"
	@echo "make bench   measure speed and size, as a table and target/bench/results.json"
	@echo "make lint    formatting and lints only"

setup:
	@tests/setup

demo: setup
	@cargo build --quiet --bin viadukt --example demo --example clerk
	@cargo run --quiet --example demo -- $(if $(filter 1,$(DEMO_ONCE)),--once)

test: setup
	@tests/run

endurance: setup
	VIADUKT_ROUNDS=$(or $(ROUNDS),50) cargo test --locked --test integration kill:: -- --nocapture

# PROGRAM names another program than the release that is built here.
chaos: setup
	@cargo build --release --bin viadukt --example chaos
	@$(if $(ROUNDS)$(FAULTS),,PAGE=docs/reliability.md) cargo run --quiet --release --example chaos

# The same program, for SOAK minutes at seven tenths of the limit.
soak: setup
	@cargo build --release --bin viadukt --example chaos
	@SOAK=$(or $(SOAK),30) cargo run --quiet --release --example chaos

bench: setup
	@cargo build --release --bin viadukt --example bench
	@cargo run --quiet --release --example bench

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
