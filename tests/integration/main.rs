//! End to end, on real servers: the one integration test binary.

mod chaos;
mod chart;
mod console;
mod demo;
mod durability;
mod exchange;
mod intranet;
mod invariants;
mod kill;
mod observe;
mod oddities;
mod operations;
mod outage;
mod packaging;
#[path = "../../src/registry.rs"]
mod registry;
mod restore;
mod scene;
mod sms;
