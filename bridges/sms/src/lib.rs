//! The SMS bridge: one or more own numbers behind a gateway, reached over SMPP 3.4 or HTTP.
//!
//! In reading order: the options ([`config`]); what is said: numbers ([`number`]), texts and
//! their parts ([`text`]); what comes in, long texts put together ([`reassembly`]), how it is
//! journalled ([`received`]) and what is made of it ([`normalise`], with [`reasons`] in words);
//! what goes out ([`compose`], [`outgoing`]) and by which way ([`transport`]): [`smpp`] or an HTTP
//! [`gateway`]; the worker that puts these together ([`worker`]) and the dry runs ([`tool`]).

mod compose;
mod config;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod gateway;
mod normalise;
#[cfg(test)]
mod normalise_tests;
mod number;
mod outgoing;
mod reasons;
mod reassembly;
#[cfg(test)]
mod reassembly_tests;
mod received;
mod smpp;
mod text;
mod tool;
mod transport;
mod worker;
#[cfg(test)]
mod worker_tests;

use viadukt_api::config::Fields;
use viadukt_api::{Kind, Section, Tool, WorkerName};

/// The line in the registry.
pub struct Sms;

impl Kind for Sms {
    fn name(&self) -> &'static str {
        "sms"
    }

    fn parse(&self, _: &WorkerName, fields: &Fields<'_>) -> Option<Box<dyn Section>> {
        config::SmsSection::parse(fields).map(|section| Box::new(section) as Box<dyn Section>)
    }

    fn tools(&self) -> &'static [Tool] {
        tool::TOOLS
    }
}
