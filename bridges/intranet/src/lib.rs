//! The intranet bridge: application software, monitoring, building technology and the intranet
//! talk into rooms, and rooms talk back.
//!
//! A bridge has any number of systems, `[bridges.NAME.systems.SYSTEM]`, each a small file below
//! [`systems`] behind one seam ([`system`]). In reading order: the options ([`config`]); how a
//! system and whoever is behind it are called ([`address`]); what is brought in, as it is
//! journalled ([`received`]), and what is made of it ([`notice`]); the seam ([`system`]) and the
//! list of systems ([`systems`]); the worker that puts these together ([`worker`]), called over
//! HTTP ([`hooks`]). What all share that bring something stands in [`reader`]: what is made of
//! it ([`template`], [`markup`]); [`tool`] shows it without a bridge. Those that call us share
//! [`hook`]: who calls ([`guard`]), and what a [`body`] says. What those share that are reached
//! over HTTP: where they are ([`client`]), how we log in ([`login`]), and what an answer means
//! ([`line`]). Most of them take a message as one request ([`post`]), as a text ([`speech`]) or
//! in JSON ([`payload`]). Those that are listened to share [`listening`].

mod address;
mod body;
mod client;
mod config;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod guard;
mod hook;
mod hooks;
mod line;
mod listening;
mod login;
mod markup;
mod notice;
mod payload;
mod post;
mod reader;
mod received;
mod speech;
mod system;
mod systems;
mod template;
mod tool;
mod worker;

use viadukt_api::config::Fields;
use viadukt_api::{Kind, Section, Tool, WorkerName};

/// The line in the registry.
pub struct Intranet;

impl Kind for Intranet {
    fn name(&self) -> &'static str {
        "intranet"
    }

    fn parse(&self, _: &WorkerName, fields: &Fields<'_>) -> Option<Box<dyn Section>> {
        config::IntranetSection::parse(fields).map(|section| Box::new(section) as Box<dyn Section>)
    }

    fn tools(&self) -> &'static [Tool] {
        tool::TOOLS
    }
}
