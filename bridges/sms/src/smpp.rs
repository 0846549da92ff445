//! The SMPP 3.4 transport.

mod bind;
mod compose;
pub(crate) mod config;
mod ids;
mod line;
mod pace;
mod pdu;
mod progress;
mod send;
mod session;
mod status;
mod ways;
