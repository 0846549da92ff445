//! How often one source may call: a token bucket for each, in the form of the generic cell rate
//! algorithm (ITU-T I.371), which needs no more than a moment for each.

use std::collections::HashMap;
use std::mem;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Sources that are remembered for certain; twice as many at most. Somebody with more addresses
/// than this is held up by other means.
const SOURCES: usize = 8_192;

/// The calls of all sources at one bridge.
pub(in crate::http) struct Rate {
    /// The time that one call uses up.
    interval: Duration,
    /// How much time may be used up in advance.
    ahead: Duration,
    table: Mutex<Table>,
}

/// When each source will have rested from its calls. What rests longest is forgotten: the old
/// half goes when the young one is full, and who calls again is young.
#[derive(Default)]
struct Table {
    young: HashMap<IpAddr, Instant>,
    old: HashMap<IpAddr, Instant>,
}

impl Rate {
    /// `per_second` calls in the long run, `burst` at once after a rest; each at least one.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        let ahead = interval * (burst.max(1) - 1);
        Self { interval, ahead, table: Mutex::default() }
    }

    /// Lets one call of `source` pass at `now`.
    ///
    /// # Errors
    /// It comes too early; after this time one will pass.
    pub fn take(&self, source: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = table.entry(subscriber(source), now);
        let used = rested.saturating_duration_since(now);
        if used > self.ahead {
            return Err(used - self.ahead);
        }
        *rested = now + used + self.interval;
        Ok(())
    }
}

impl Table {
    fn entry(&mut self, source: IpAddr, now: Instant) -> &mut Instant {
        let rested = self.old.remove(&source).unwrap_or(now);
        if self.young.len() >= SOURCES && !self.young.contains_key(&source) {
            self.old = mem::take(&mut self.young);
        }
        self.young.entry(source).or_insert(rested)
    }
}

/// Whoever has an IPv6 address has the 2^64 addresses beside it (RFC 6177).
pub(super) fn subscriber(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const ANNA: &str = "192.0.2.1";

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (rate, begin) = (Rate::new(10, 3), Instant::now());
        let mut passed = Vec::new();
        for tenth in 0..=4 {
            let now = begin + Duration::from_millis(100) * tenth;
            let calls = (0..5).filter(|_| rate.take(ANNA.parse().unwrap(), now).is_ok());
            passed.push(calls.count());
        }
        assert_eq!(passed, [3, 1, 1, 1, 1]);
    }

    #[test]
    fn who_comes_too_early_is_told_when_to_come() {
        let (rate, now) = (Rate::new(4, 1), Instant::now());
        let anna = ANNA.parse().unwrap();
        assert_eq!(rate.take(anna, now), Ok(()));
        assert_eq!(rate.take(anna, now), Err(Duration::from_millis(250)));
        assert_eq!(rate.take(anna, now + Duration::from_millis(250)), Ok(()));
    }

    #[test]
    fn sources_do_not_share_a_rate_unless_they_share_a_network() {
        let (rate, now) = (Rate::new(1, 1), Instant::now());
        for (source, passes) in [
            (ANNA, true),
            (ANNA, false),
            ("192.0.2.2", true),
            ("2001:db8::1", true),
            ("2001:db8::2:1", false),
            ("2001:db8:0:1::1", true),
        ] {
            assert_eq!(rate.take(source.parse().unwrap(), now).is_ok(), passes, "{source}");
        }
    }

    #[test]
    fn the_table_is_bounded_and_forgets_who_rests() {
        let (rate, now) = (Rate::new(1, 1), Instant::now());
        let anna = ANNA.parse().unwrap();
        let strangers = (0..).map(|n| IpAddr::from((0x0a00_0000_u32 + n).to_be_bytes()));
        for stranger in strangers.take(5 * SOURCES) {
            rate.take(stranger, now).unwrap();
            let _ = rate.take(anna, now);
        }
        assert!(rate.take(anna, now).is_err(), "who calls all the time is not forgotten");
        let table = rate.table.lock().unwrap();
        assert!(table.young.len() + table.old.len() <= 2 * SOURCES);
    }
}
