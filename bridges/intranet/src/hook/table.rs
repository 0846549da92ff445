//! What the table of a system that calls us says.

use std::sync::Arc;

use viadukt_api::config::Fields;
use viadukt_api::{BuildError, Context};

use super::{Dialect, Expiry, Hook, ReaderTable};
use crate::guard::GuardTable;
use crate::system::{Declared, System};

/// A valid table.
#[derive(Clone)]
pub(crate) struct HookTable {
    guard: GuardTable,
    reader: ReaderTable,
    expires: Option<Expiry>,
}

impl HookTable {
    /// Reads the options of every hook; those of its own the `dialect` has read already.
    pub(crate) fn parse(fields: &Fields<'_>, dialect: impl Dialect + 'static) -> Option<Self> {
        let guard = GuardTable::parse(fields, dialect.scheme().is_some());
        let reader = ReaderTable::parse(fields, Arc::new(dialect));
        let expires = fields.optional("expires");
        Some(Self { guard: guard?, reader, expires })
    }

    /// As [`HookTable::parse`], for systems that may also only be spoken to.
    pub(crate) fn parse_if_called(
        fields: &Fields<'_>,
        dialect: impl Dialect + 'static,
    ) -> Option<Self> {
        if GuardTable::is_there(fields) { Self::parse(fields, dialect) } else { None }
    }

    /// Reads secrets and the template.
    pub(crate) fn hook(&self, name: &str, context: &Context) -> Result<Hook, BuildError> {
        let wrong = |what: String, remedy: String| BuildError {
            worker: context.name.clone(),
            what: format!("system {name}: {what}"),
            remedy,
        };
        let guard = self.guard.build(self.reader.dialect().scheme());
        let guard = guard.map_err(|(what, remedy)| wrong(what, remedy))?;
        let reader = self.reader.build(name, &context.words);
        let reader = reader.map_err(|what| wrong(what, "`viadukt check` tries it out".to_owned()));
        Ok(Hook { guard, reader: reader?, expiry: self.expires, context: context.clone() })
    }
}

impl Declared for HookTable {
    fn build(&self, name: &str, context: &Context) -> Result<Box<dyn System>, BuildError> {
        Ok(Box::new(self.hook(name, context)?))
    }

    fn is_called(&self) -> bool {
        true
    }
}
