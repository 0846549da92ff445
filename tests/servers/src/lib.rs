//! Real servers on loopback, each in a folder of its own that goes with it.

pub mod synapse;
