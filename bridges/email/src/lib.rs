//! The e-mail bridge: one mailbox, read over IMAP and answered over SMTP.
//!
//! In reading order: the options ([`config`]), how servers are reached ([`tls`]); mail in
//! ([`imap`], large attachments taken out while it arrives by [`lift`]) and what is made of it
//! ([`read`] with [`repair`] before it, [`parts`], [`said`], [`automatic`], [`authentication`],
//! [`report`]; [`trim`] takes off what was said before); mail out ([`smtp`]); the worker that puts
//! these together ([`worker`]) and the dry run ([`tool`]).

mod authentication;
mod automatic;
mod border;
mod clean;
#[cfg(test)]
mod compose_tests;
mod config;
mod fetch;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod html;
mod imap;
mod lift;
#[cfg(test)]
mod lift_tests;
mod mime;
mod parts;
mod read;
#[cfg(test)]
mod read_tests;
mod repair;
mod report;
mod said;
mod smtp;
mod tls;
mod tool;
pub mod trim;
#[cfg(test)]
mod trim_tests;
mod worker;

use viadukt_api::config::Fields;
use viadukt_api::{Kind, Section, Tool, WorkerName};

/// The line in the registry.
pub struct Email;

impl Kind for Email {
    fn name(&self) -> &'static str {
        "email"
    }

    fn parse(&self, _: &WorkerName, fields: &Fields<'_>) -> Option<Box<dyn Section>> {
        config::EmailSection::parse(fields).map(|section| Box::new(section) as Box<dyn Section>)
    }

    fn tools(&self) -> &'static [Tool] {
        tool::TOOLS
    }
}
