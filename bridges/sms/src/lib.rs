//! The SMS bridge: one or more own numbers behind a gateway, reached over SMPP 3.4 or HTTP.
//!
//! In reading order: the options ([`config`]); what is said: numbers ([`number`]), texts and
//! their parts ([`text`]); what comes in and how it is journalled ([`received`]) and what is made
//! of it ([`normalise`]); what goes out ([`outgoing`]) and by which way ([`transport`]): [`smpp`]
//! or an HTTP [`gateway`]; the worker that puts these together ([`worker`]) and the dry runs
//! ([`tool`]).

#![allow(dead_code, reason = "grows in the next commits")]

mod gateway;
mod number;
mod outgoing;
mod reassembly;
mod received;
mod text;
mod transport;
