//! Messages on their way to systems: each kind as its documentation shows it, and servers that
//! misbehave.

mod answers;
mod cases;
mod contract;
mod fits;
