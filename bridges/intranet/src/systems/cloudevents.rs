//! CloudEvents 1.0 over HTTP: <https://github.com/cloudevents/spec>
//! (`cloudevents/bindings/http-protocol-binding.md`, `cloudevents/http-webhook.md`).

mod incoming;
mod outgoing;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use viadukt_api::config::Fields;

pub(crate) use self::incoming::CloudEvents;
use super::two_way::{self, TwoWay};
use crate::hook::HookTable;
use crate::system::Declared;

/// Reads the table of such a system.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    let origins = CloudEvents::parse(fields);
    let incoming = HookTable::parse_if_called(fields, origins);
    let outgoing = two_way::parse_if_named(fields, "url", outgoing::parse);
    TwoWay::of(fields, incoming, outgoing, &[])
}
