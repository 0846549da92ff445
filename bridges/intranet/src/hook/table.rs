//! What the table of a system that calls us says.

use std::sync::Arc;

use viadukt_api::config::Fields;
use viadukt_api::{BuildError, Context};

use super::{Calls, Dialect, Hook};
use crate::guard::GuardTable;
use crate::reader::ReaderTable;
use crate::system::{Declared, System};

/// A valid table.
#[derive(Clone)]
pub(crate) struct HookTable {
    guard: GuardTable,
    calls: Calls,
    reader: ReaderTable,
}

impl HookTable {
    /// Reads the options of every hook; those of its own the `dialect` has read already.
    pub(crate) fn parse(fields: &Fields<'_>, dialect: impl Dialect + 'static) -> Option<Self> {
        let dialect: Arc<dyn Dialect> = Arc::new(dialect);
        let guard = GuardTable::parse(fields, &dialect);
        let calls = Calls::parse(fields, dialect);
        let reader = ReaderTable::parse(fields, Arc::new(calls.clone()));
        Some(Self { guard: guard?, calls, reader })
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
        let guard = self.guard.build(self.calls.dialect().scheme());
        let guard = guard.map_err(|(what, remedy)| BuildError {
            worker: context.name.clone(),
            what: format!("system {name}: {what}"),
            remedy,
        });
        let reader = self.reader.build(name, context)?;
        Ok(Hook { guard: guard?, calls: self.calls.clone(), reader })
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
