//! Breaks what viadukt stands on, on purpose: the program with a bridge of every kind and the real
//! servers run, people talk on every channel in both directions, and one thing after another is
//! broken and mended, by a schedule that a seed repeats. In the end every message is accounted
//! for: lost, doubled, out of order, or in one of the windows that the design declares and told.
//!
//! `make chaos` runs it at length and writes `docs/reliability.md`; a short form is a test.

mod damage;
mod fault;
mod inject;
mod log;
mod report;
mod run;
mod soak;
mod world;

pub use fault::Fault;
pub use report::Report;
pub use run::{Outcome, Plan, run};
pub use soak::{Soak, soak};
