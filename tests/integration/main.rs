//! End to end, on real servers: the one integration test binary.

mod demo;
mod exchange;
mod invariants;
#[path = "../../src/registry.rs"]
mod registry;
mod scene;
