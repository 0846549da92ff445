//! What operators see of the hub.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use viadukt_api::{Context, Gauge, Readings, Timestamp};

use crate::online::Online;
use crate::{identity, undecryptable};

/// What is known from time to time.
pub(crate) struct Vitals {
    /// When the last sync was complete, in milliseconds since 1970.
    synced: AtomicU64,
    /// How many one-time keys the homeserver holds.
    keys: AtomicU64,
}

/// Nothing is known yet.
const UNKNOWN: u64 = u64::MAX;

impl Default for Vitals {
    fn default() -> Self {
        Self { synced: AtomicU64::new(UNKNOWN), keys: AtomicU64::new(UNKNOWN) }
    }
}

impl Vitals {
    /// A sync was complete.
    pub(crate) fn synced(&self, now: Timestamp) {
        self.synced.store(now.0, Ordering::Relaxed);
    }

    /// The homeserver was asked for our one-time keys.
    pub(crate) fn counted_keys(&self, count: u64) {
        self.keys.store(count, Ordering::Relaxed);
    }

    /// What is known now; `online` is the connection, when there is one.
    pub(crate) fn gauges(&self, online: Option<&Online>, context: &Context) -> Readings {
        let known = |value: &AtomicU64| {
            Some(value.load(Ordering::Relaxed)).filter(|value| *value != UNKNOWN)
        };
        let synced = known(&self.synced).map(|at| Duration::from_millis(at).as_secs_f64());
        #[allow(clippy::cast_precision_loss, reason = "there are about fifty")]
        let keys = known(&self.keys).map(|count| count as f64);
        let waiting = undecryptable::count(&context.keep).ok();
        let waiting = waiting.and_then(|count| u32::try_from(count).ok()).map(f64::from);
        let verified = online.map(|online| identity::is_established(&online.client));
        let readings = [
            (Gauge::LastSync, synced),
            (Gauge::OneTimeKeys, keys),
            (Gauge::UndecryptableEvents, waiting),
            (Gauge::DeviceVerified, verified.map(|is| u8::from(is).into())),
        ];
        readings.into_iter().filter_map(|(gauge, value)| Some((gauge, value?))).collect()
    }
}
