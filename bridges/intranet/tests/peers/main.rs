//! The bridge and software that is not ours: clients that call it, libraries that sign and
//! verify, Alertmanager, and stand-ins for what it calls.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alerts;
mod calls;
mod outages;
mod signatures;
mod site;

/// What callers prove themselves with.
const TOKEN: &str = "geheim-geheim-geheim-geheim";
