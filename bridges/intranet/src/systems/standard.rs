//! Standard Webhooks, <https://github.com/standard-webhooks/standard-webhooks>
//! (`spec/standard-webhooks.md`).

mod incoming;
mod outgoing;
pub(crate) mod signature;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use viadukt_api::config::Fields;

pub(crate) use self::incoming::StandardWebhooks;
use super::two_way::{self, TwoWay};
use crate::hook::HookTable;
use crate::system::Declared;

/// Reads the table of such a system.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    let incoming = HookTable::parse_if_called(fields, StandardWebhooks);
    let outgoing = two_way::parse_if_named(fields, "url", outgoing::parse);
    TwoWay::of(fields, incoming, outgoing, &[])
}
