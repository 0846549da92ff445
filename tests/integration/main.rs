//! End to end, on real servers: the one integration test binary.

mod demo;
mod kill;
