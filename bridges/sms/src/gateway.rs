//! HTTP gateways; see [`GatewaySection`].

use std::sync::Arc;

use viadukt_api::config::Fields;
use viadukt_api::{BuildError, Context};

use crate::transport::Transport;

/// `[bridges.NAME.http]`.
#[derive(Clone)]
pub(crate) struct GatewaySection;

impl GatewaySection {
    pub(crate) fn parse(_: &Fields<'_>) -> Option<Self> {
        Some(Self)
    }

    pub(crate) fn build(&self, context: Context) -> Result<Arc<dyn Transport>, BuildError> {
        let (what, remedy) = ("there is no HTTP yet".to_owned(), "wait for it".to_owned());
        Err(BuildError { worker: context.name, what, remedy })
    }
}
