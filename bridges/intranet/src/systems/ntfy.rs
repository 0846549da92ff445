//! ntfy, both ways: topics that are listened to ([`incoming`]) and written to ([`outgoing`]).

pub(crate) mod incoming;
mod outgoing;
pub(crate) mod reads;

use viadukt_api::config::Fields;
use viadukt_api::{BuildError, Context};

use self::incoming::{Incoming, IncomingTable};
use crate::post::BuildTakes;
use crate::reader::Reader;
use crate::system::{Declared, Listens, System, SystemKind, Takes};

/// The line in [`crate::systems::SYSTEMS`].
pub(crate) const NTFY: SystemKind = SystemKind { name: "ntfy", parse };

struct Table {
    incoming: Option<IncomingTable>,
    outgoing: Option<BuildTakes>,
}

struct Ntfy {
    incoming: Option<Incoming>,
    outgoing: Option<Box<dyn Takes>>,
}

/// A system without `subscribe` is one that is written to.
fn parse(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    let listens = fields.names("subscribe");
    let takes = fields.names("topics") || !listens;
    let outgoing = takes.then(|| outgoing::parse(fields));
    let incoming = listens.then(|| IncomingTable::parse(fields));
    // The outer `None`: not wanted; the inner one: wanted and not fit.
    let (incoming, outgoing) = match (incoming, outgoing) {
        (Some(None), _) | (_, Some(None)) => return None,
        (incoming, outgoing) => (incoming.flatten(), outgoing.flatten()),
    };
    Some(Box::new(Table { incoming, outgoing }))
}

impl Declared for Table {
    fn build(&self, name: &str, context: &Context) -> Result<Box<dyn System>, BuildError> {
        let incoming = self.incoming.as_ref().map(|table| table.build(name, context));
        let outgoing = self.outgoing.as_ref().map(|build| build(name, context));
        Ok(Box::new(Ntfy { incoming: incoming.transpose()?, outgoing: outgoing.transpose()? }))
    }
}

impl System for Ntfy {
    fn reader(&self) -> Option<&Reader> {
        self.incoming.as_ref().map(|incoming| &incoming.reader)
    }

    fn listens(&self) -> Option<&dyn Listens> {
        self.incoming.as_ref().map(|incoming| incoming as &dyn Listens)
    }

    fn takes(&self) -> Option<&dyn Takes> {
        self.outgoing.as_deref()
    }
}
