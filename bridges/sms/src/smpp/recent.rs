//! Texts that come a second time. SMPP gives them no id, so a repetition by the gateway looks like
//! one by the person who wrote it. It is taken for the gateway's only where our answer may not
//! have reached it: the same unit, accepted in the last seconds of a session that ended without a
//! farewell (or of the process before), and each once.
//!
//! What was accepted last is kept durably in a ring, in the same commit as the text itself.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use viadukt_api::{Keep, Timestamp};

use super::pdu::Frame;

const PREFIX: &str = "smpp/recent/";
/// More than are answered in [`DOUBTFUL`] of a session's end by any gateway that can be held up.
const SLOTS: usize = 512;
/// An answer that was written this long before the end has arrived.
const DOUBTFUL: Duration = Duration::from_secs(5);
/// How long a gateway may take to try again.
const AGAIN_WITHIN: Duration = Duration::from_secs(10 * 60);

/// A unit but for its sequence number, which changes at each attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; 16]);

impl Digest {
    pub(super) fn of(frame: &Frame) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&u32::from(frame.id).to_be_bytes());
        hasher.update(&frame.body);
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        Self(digest)
    }

    pub(super) fn hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

pub(super) struct Recent(Mutex<State>);

struct State {
    /// All slots of the ring, the one written longest ago first.
    slots: VecDeque<usize>,
    accepted: VecDeque<Accepted>,
    doubtful: Vec<Doubtful>,
}

struct Accepted {
    digest: Digest,
    slot: usize,
    session: u64,
    at: Timestamp,
}

struct Doubtful {
    digest: Digest,
    slot: usize,
    until: Timestamp,
}

/// What is kept in one slot.
struct Kept {
    slot: usize,
    digest: Digest,
    at: Timestamp,
}

impl Recent {
    /// What an earlier process accepted just before it ended is doubtful.
    pub(super) fn load(keep: &Keep, now: Timestamp) -> Self {
        let kept = keep.starting_with(PREFIX).unwrap_or_default();
        Self::after(kept.iter().filter_map(|(key, value)| Kept::parse(key, value)).collect(), now)
    }

    fn after(mut kept: Vec<Kept>, now: Timestamp) -> Self {
        kept.sort_by_key(|kept| kept.at);
        let used: Vec<_> = kept.iter().map(|kept| kept.slot).collect();
        let slots = (0..SLOTS).filter(|slot| !used.contains(slot)).chain(used.iter().copied());
        let slots = slots.collect();
        let newest = kept.last().map(|kept| kept.at).unwrap_or_default();
        let last = kept.into_iter().filter(|kept| newest.since(kept.at) <= DOUBTFUL);
        let until = now.plus(AGAIN_WITHIN);
        let doubtful = last.map(|Kept { slot, digest, .. }| Doubtful { digest, slot, until });
        let doubtful = doubtful.collect();
        Self(Mutex::new(State { slots, accepted: VecDeque::new(), doubtful }))
    }

    /// The slot of the text that the gateway repeats with this, if it does; the next one like it
    /// is no repetition.
    pub(super) fn repeated(&self, digest: Digest, now: Timestamp) -> Option<usize> {
        let mut state = self.state();
        state.doubtful.retain(|doubtful| doubtful.until >= now);
        let place = state.doubtful.iter().position(|doubtful| doubtful.digest == digest)?;
        Some(state.doubtful.swap_remove(place).slot)
    }

    /// What to keep beside a text that is accepted now, and in which slot: that of the text
    /// that it repeats, or the next one.
    pub(super) fn to_keep(
        &self,
        repeated: Option<usize>,
        digest: Digest,
        now: Timestamp,
    ) -> (usize, (String, Option<Vec<u8>>)) {
        let mut state = self.state();
        let slot = repeated.or(state.slots.front().copied()).unwrap_or_default();
        state.slots.retain(|other| *other != slot);
        state.slots.push_back(slot);
        let value = [&digest.0[..], &now.0.to_be_bytes()].concat();
        (slot, (format!("{PREFIX}{slot:03}"), Some(value)))
    }

    /// A text is durable; its answer is about to be written.
    pub(super) fn accepted(&self, digest: Digest, slot: usize, session: u64, at: Timestamp) {
        let mut state = self.state();
        state.accepted.push_back(Accepted { digest, slot, session, at });
        if state.accepted.len() > SLOTS {
            state.accepted.pop_front();
        }
    }

    /// A session ended; after a farewell every answer in it has arrived.
    pub(super) fn ended(&self, session: u64, farewell: bool, now: Timestamp) {
        let mut state = self.state();
        let (own, others) =
            state.accepted.drain(..).partition(|accepted| accepted.session == session);
        let own: VecDeque<Accepted> = own;
        state.accepted = others;
        if !farewell {
            let last = own.into_iter().filter(|accepted| now.since(accepted.at) <= DOUBTFUL);
            let until = now.plus(AGAIN_WITHIN);
            let last = last.map(|Accepted { digest, slot, .. }| Doubtful { digest, slot, until });
            state.doubtful.extend(last);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn parse(key: &str, value: &[u8]) -> Option<Self> {
        let slot = key.strip_prefix(PREFIX)?.parse().ok()?;
        let (digest, at) = value.split_first_chunk::<16>()?;
        let at = Timestamp(u64::from_be_bytes(at.try_into().ok()?));
        Some(Self { slot, digest: Digest(*digest), at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Digest = Digest([1; 16]);

    #[test]
    fn only_the_last_seconds_of_a_broken_session_are_doubtful() {
        let cases = [
            ("the end at once", 1_000, false, 2_000, true),
            ("long before the end", 1_000, false, 60_000, false),
            ("a farewell", 1_000, true, 2_000, false),
        ];
        for (case, at, farewell, end, expected) in cases {
            let recent = Recent::after(Vec::new(), Timestamp(0));
            recent.accepted(ONE, 0, 7, Timestamp(at));
            assert_eq!(
                recent.repeated(ONE, Timestamp(at)),
                None,
                "{case}: the session still stands"
            );
            recent.ended(7, farewell, Timestamp(end));
            let repeated = recent.repeated(ONE, Timestamp(end + 30_000));
            assert_eq!(repeated.is_some(), expected, "{case}");
        }
    }

    #[test]
    fn a_repetition_counts_once_and_not_for_ever() {
        let recent = Recent::after(Vec::new(), Timestamp(0));
        recent.accepted(ONE, 0, 7, Timestamp(0));
        recent.ended(7, false, Timestamp(0));
        assert!(recent.repeated(ONE, Timestamp(1)).is_some());
        assert_eq!(recent.repeated(ONE, Timestamp(2)), None, "a person says it again");
        recent.accepted(ONE, 0, 8, Timestamp(3));
        recent.ended(8, false, Timestamp(3));
        let late = Timestamp(3).plus(AGAIN_WITHIN + DOUBTFUL);
        assert_eq!(recent.repeated(ONE, late), None);
    }
}
