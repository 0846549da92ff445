//! How many connections one source may hold: who opens many and says nothing on them must not
//! keep everybody else out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::rate::subscriber;

/// The connections that each source holds.
#[derive(Clone)]
pub(super) struct Shares {
    most: usize,
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection of a source; given back when dropped.
pub(super) struct Share {
    source: IpAddr,
    shares: Shares,
}

impl Shares {
    /// Up to `most` for each source.
    pub fn new(most: usize) -> Self {
        Self { most, held: Arc::default() }
    }

    /// One more for `source`; `None` when it holds as many as it may.
    pub fn take(&self, source: IpAddr) -> Option<Share> {
        let source = subscriber(source);
        let mut held = self.lock();
        let count = held.entry(source).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Share { source, shares: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.lock();
        if let Some(count) = held.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_source_holds_no_more_than_its_share_and_gives_it_back() {
        let shares = Shares::new(2);
        let [one, same, other] =
            ["2001:db8::1", "2001:db8::2", "192.0.2.1"].map(|source| source.parse().unwrap());
        let first = shares.take(one);
        let second = shares.take(same);
        assert!(first.is_some() && second.is_some());
        assert!(shares.take(one).is_none(), "one network of IPv6 is one source");
        assert!(shares.take(other).is_some());
        drop(first);
        assert!(shares.take(same).is_some());
        drop(second);
        assert!(shares.lock().is_empty());
    }
}
