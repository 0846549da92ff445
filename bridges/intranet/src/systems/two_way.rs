//! Systems that may call us, and may take messages: each half as it is configured.

use viadukt_api::config::Fields;
use viadukt_api::{BuildError, Context, Deed, Reason, Unreadable};

use crate::hook::{Hook, HookTable};
use crate::notice::Notice;
use crate::post::BuildTakes;
use crate::received::Received;
use crate::system::{Called, Declared, Listens, System, Takes};

/// Reads the outward half with `parse` if the table has the option `key`.
pub(crate) fn parse_if_named(
    fields: &Fields<'_>,
    key: &str,
    parse: fn(&Fields<'_>) -> Option<BuildTakes>,
) -> Option<BuildTakes> {
    if fields.names(key) { parse(fields) } else { None }
}

/// A valid table of such a system.
pub(crate) struct TwoWay {
    incoming: Option<HookTable>,
    outgoing: Option<BuildTakes>,
    deeds: &'static [Deed],
}

impl TwoWay {
    /// Puts the halves together; `None`, with a finding, when there is neither.
    pub(crate) fn of(
        fields: &Fields<'_>,
        incoming: Option<HookTable>,
        outgoing: Option<BuildTakes>,
        deeds: &'static [Deed],
    ) -> Option<Box<dyn Declared>> {
        if incoming.is_none() && outgoing.is_none() {
            let calls = "to let it call, `token_files` or `secret_files`";
            fields.object("", format!("this system would do nothing: {calls}"));
            return None;
        }
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
    fn read(&self, received: &Received) -> Result<Notice, Unreadable> {
        match &self.incoming {
            Some(hook) => hook.read(received),
            None => Err(Unreadable { reason: Reason::new("intranet-system-gone") }),
        }
    }

    fn called(&self) -> Option<&dyn Called> {
        self.incoming.as_ref().and_then(System::called)
    }

    fn listens(&self) -> Option<&dyn Listens> {
        self.incoming.as_ref().and_then(System::listens)
    }

    fn takes(&self) -> Option<&dyn Takes> {
        self.outgoing.as_deref()
    }

    fn deeds(&self) -> &'static [Deed] {
        self.deeds
    }
}
