//! SMPP 3.4; see [`SmppSection`].

use std::sync::Arc;

use viadukt_api::config::Fields;
use viadukt_api::{BuildError, Context};

use crate::transport::Transport;

/// `[bridges.NAME.smpp]`.
#[derive(Clone)]
pub(crate) struct SmppSection;

impl SmppSection {
    pub(crate) fn parse(_: &Fields<'_>) -> Option<Self> {
        Some(Self)
    }

    pub(crate) fn build(&self, context: Context) -> Result<Arc<dyn Transport>, BuildError> {
        let (what, remedy) = ("there is no SMPP yet".to_owned(), "wait for it".to_owned());
        Err(BuildError { worker: context.name, what, remedy })
    }
}
