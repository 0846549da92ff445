//! Nextcloud Talk, as a bot: <https://nextcloud-talk.readthedocs.io/en/latest/bots/>. A room of
//! Talk is a stream, so that each has a conversation of its own, and answers go back there.

mod incoming;
mod outgoing;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use viadukt_api::config::Fields;

pub(crate) use self::incoming::Talk;
use super::two_way::{self, TwoWay};
use crate::hook::HookTable;
use crate::system::Declared;

/// Reads the table of such a system.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    let incoming = HookTable::parse_if_called(fields, Talk);
    let outgoing = two_way::parse_if_named(fields, "url", outgoing::parse);
    TwoWay::of(fields, incoming, outgoing, &[])
}
