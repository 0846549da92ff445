//! The hub: viadukt's Matrix side, and the only crate that knows matrix-sdk.
//!
//! One bot user with a device of its own, cross-signed by itself. Read in this order: what can
//! be configured (`config`), how the hub comes online (`hub`, `online`, `login`, `identity`) and
//! what may end that (`account`, `trouble`), what operators see of it (`vitals`), how events get in without loss (`sync`, `position`,
//! `gap`, `intake`, `undecryptable`, `envelope`), what they say (`event`), how messages get out
//! (`send`, `content`, `media`) and where to (`rooms`).

mod account;
mod backoff;
mod config;
mod content;
mod envelope;
mod event;
mod gap;
mod http;
mod hub;
mod identity;
mod intake;
mod login;
mod media;
mod online;
mod position;
mod probe;
mod rooms;
mod rotation;
mod secret_file;
mod send;
mod sync;
mod trouble;
mod undecryptable;
mod vitals;

pub use config::Matrix;
