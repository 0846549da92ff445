//! Systems that may call us, and may take messages: each half as it is configured.

use viadukt_api::config::Fields;
use viadukt_api::{BuildError, Context, Deed};

use crate::hook::{Hook, HookTable};
use crate::post::BuildTakes;
use crate::reader::Reader;
use crate::system::{Called, Declared, System, Takes};

/// A valid table of such a system.
pub(crate) struct TwoWay {
    incoming: Option<HookTable>,
    outgoing: Option<BuildTakes>,
    deeds: &'static [Deed],
}

impl TwoWay {
    /// Puts the halves together: the one that is read already, and the outward one, which is
    /// there when its address `key` is. `None`, with a finding, when there is neither.
    pub(crate) fn parse(
        fields: &Fields<'_>,
        incoming: Option<HookTable>,
        key: &str,
        outgoing: fn(&Fields<'_>) -> Option<BuildTakes>,
        deeds: &'static [Deed],
    ) -> Option<Box<dyn Declared>> {
        let outgoing = if fields.names(key) { Some(outgoing(fields)?) } else { None };
        if incoming.is_none() && outgoing.is_none() {
            let calls = "to let it call, `token_files` or `secret_files`";
            fields
                .object("", format!("this system would do nothing: to call it, `{key}`; {calls}"));
            return None;
        }
        let deeds = if outgoing.is_some() { deeds } else { &[] };
        Some(Box::new(Self { incoming, outgoing, deeds }))
    }
}

impl Declared for TwoWay {
    fn build(&self, name: &str, context: &Context) -> Result<Box<dyn System>, BuildError> {
        let incoming = self.incoming.as_ref().map(|table| table.hook(name, context)).transpose()?;
        let outgoing = self.outgoing.as_ref().map(|build| build(name, context)).transpose()?;
        Ok(Box::new(Built { incoming, outgoing, deeds: self.deeds }))
    }

    fn is_called(&self) -> bool {
        self.incoming.is_some()
    }
}

struct Built {
    incoming: Option<Hook>,
    outgoing: Option<Box<dyn Takes>>,
    deeds: &'static [Deed],
}

impl System for Built {
    fn reader(&self) -> Option<&Reader> {
        self.incoming.as_ref().and_then(System::reader)
    }

    fn called(&self) -> Option<&dyn Called> {
        self.incoming.as_ref().and_then(System::called)
    }

    fn takes(&self) -> Option<&dyn Takes> {
        self.outgoing.as_deref()
    }

    fn deeds(&self) -> &'static [Deed] {
        self.deeds
    }
}
