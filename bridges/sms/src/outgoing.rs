//! An SMS on its way out, as both transports see it.

use std::time::Duration;

use viadukt_api::DeliveryId;

/// One text to one number.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// Stable over all attempts and restarts.
    pub(crate) id: DeliveryId,
    /// Our own reference that nobody can guess, for networks that hand one back in receipts.
    pub(crate) reference: String,
    /// Whom: E.164 with the plus sign, or a short code.
    pub(crate) to: String,
    /// From which own number (E.164 with the plus sign), short code or name of at most eleven
    /// characters.
    pub(crate) from: String,
    /// What.
    pub(crate) text: String,
    /// How long the network may keep trying, from the moment that it takes the text; its own
    /// limit without one. What was held before, over night or while the gateway was away, does
    /// not count.
    pub(crate) validity: Option<Duration>,
    /// An earlier attempt may have reached the gateway already.
    pub(crate) repeated: bool,
}
