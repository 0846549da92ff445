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

#[derive(Default)]
pub(super) struct Recent(Mutex<State>);

#[derive(Default)]
struct State {
    next: usize,
    accepted: VecDeque<Accepted>,
    doubtful: Vec<(Digest, Timestamp)>,
}

struct Accepted {
    digest: Digest,
    session: u64,
    at: Timestamp,
}

impl Recent {
    /// What an earlier process accepted just before it ended is doubtful.
    pub(super) fn load(keep: &Keep, now: Timestamp) -> Self {
        let kept = keep.starting_with(PREFIX).unwrap_or_default();
        let kept: Vec<_> = kept.iter().filter_map(|(_, value)| parse(value)).collect();
        let newest = kept.iter().map(|(_, at)| *at).max().unwrap_or_default();
        let last = kept.into_iter().filter(|(_, at)| newest.since(*at) <= DOUBTFUL);
        let doubtful = last.map(|(digest, _)| (digest, now.plus(AGAIN_WITHIN))).collect();
        Self(Mutex::new(State { doubtful, ..State::default() }))
    }

    /// Whether this is the gateway's repetition; the next one like it is not.
    pub(super) fn is_repetition(&self, digest: Digest, now: Timestamp) -> bool {
        let mut state = self.state();
        state.doubtful.retain(|(_, until)| *until >= now);
        let place = state.doubtful.iter().position(|(doubtful, _)| *doubtful == digest);
        place.map(|place| state.doubtful.swap_remove(place)).is_some()
    }

    /// What to keep beside a text that is accepted now.
    pub(super) fn to_keep(&self, digest: Digest, now: Timestamp) -> (String, Option<Vec<u8>>) {
        let mut state = self.state();
        let slot = state.next;
        state.next = (slot + 1) % SLOTS;
        let value = [&digest.0[..], &now.0.to_be_bytes()].concat();
        (format!("{PREFIX}{slot:03}"), Some(value))
    }

    /// A text is durable; its answer is about to be written.
    pub(super) fn accepted(&self, digest: Digest, session: u64, at: Timestamp) {
        let mut state = self.state();
        state.accepted.push_back(Accepted { digest, session, at });
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
            let last = last.map(|accepted| (accepted.digest, now.plus(AGAIN_WITHIN)));
            state.doubtful.extend(last);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(value: &[u8]) -> Option<(Digest, Timestamp)> {
    let (digest, at) = value.split_first_chunk::<16>()?;
    Some((Digest(*digest), Timestamp(u64::from_be_bytes(at.try_into().ok()?))))
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
            let recent = Recent::default();
            recent.accepted(ONE, 7, Timestamp(at));
            assert!(!recent.is_repetition(ONE, Timestamp(at)), "{case}: the session still stands");
            recent.ended(7, farewell, Timestamp(end));
            assert_eq!(recent.is_repetition(ONE, Timestamp(end + 30_000)), expected, "{case}");
        }
    }

    #[test]
    fn a_repetition_counts_once_and_not_for_ever() {
        let recent = Recent::default();
        recent.accepted(ONE, 7, Timestamp(0));
        recent.ended(7, false, Timestamp(0));
        assert!(recent.is_repetition(ONE, Timestamp(1)));
        assert!(!recent.is_repetition(ONE, Timestamp(2)), "a person says it again");
        recent.accepted(ONE, 8, Timestamp(3));
        recent.ended(8, false, Timestamp(3));
        assert!(!recent.is_repetition(ONE, Timestamp(3).plus(AGAIN_WITHIN + DOUBTFUL)));
    }
}
