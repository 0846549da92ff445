//! End to end, on real servers: the one integration test binary.

mod demo;
mod durability;
mod exchange;
mod intranet;
mod invariants;
mod kill;
mod oddities;
mod operations;
mod outage;
#[path = "../../src/registry.rs"]
mod registry;
mod restore;
mod scene;
mod sms;
