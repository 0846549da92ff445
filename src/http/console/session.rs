//! Who is logged in. Sessions live in memory: a restart ends them all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use viadukt_api::env::Entropy;
use viadukt_api::{Env, Timestamp};

/// More people are never logged in at once; who comes next takes the place of the session that
/// rests longest.
const MOST: usize = 200;

/// Somebody who may operate viadukt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    /// Their name: as the identity provider says it, or as they gave it with the token.
    pub name: String,
    /// How they showed that they may.
    pub proof: Proof,
}

/// How somebody showed that they may operate viadukt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// They have the token. Their name is what they say it is.
    Token,
    /// The identity provider vouches for them.
    Provider,
}

/// Somebody's stay.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Who.
    pub operator: Operator,
    /// What their forms must bring along, which no other site can know.
    pub csrf: String,
    began: Timestamp,
    seen: Timestamp,
}

/// Everyone's stay, by a hash of its id: whoever reads the memory of one look-up learns no id.
pub(super) struct Sessions {
    idle: Duration,
    longest: Duration,
    all: Mutex<BTreeMap<[u8; 32], Session>>,
}

impl Sessions {
    /// Sessions that end after `idle` without a request, and after `longest` in any case.
    pub fn new(idle: Duration, longest: Duration) -> Self {
        Self { idle, longest, all: Mutex::default() }
    }

    /// Begins a session; gives its id, for the cookie.
    pub fn begin(&self, operator: Operator, env: &Env) -> String {
        let now = env.now();
        let id = secret(&*env.entropy);
        let session = Session { operator, csrf: secret(&*env.entropy), began: now, seen: now };
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, session| self.lasts(session, now));
        if all.len() >= MOST {
            let rests = all.iter().min_by_key(|(_, session)| session.seen).map(|(key, _)| *key);
            rests.map(|key| all.remove(&key));
        }
        all.insert(key(&id), session);
        id
    }

    /// The session `id`, if it lasts; it has then been seen.
    pub fn find(&self, id: &str, now: Timestamp) -> Option<Session> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(id);
        if !self.lasts(all.get(&key)?, now) {
            all.remove(&key);
            return None;
        }
        let session = all.get_mut(&key)?;
        session.seen = session.seen.max(now);
        Some(session.clone())
    }

    /// Ends the session `id`.
    pub fn end(&self, id: &str) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(id));
    }

    fn lasts(&self, session: &Session, now: Timestamp) -> bool {
        now.since(session.seen) < self.idle && now.since(session.began) < self.longest
    }
}

/// 256 random bits, in hexadecimal.
pub(super) fn secret(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether two secrets are the same; takes the same time wherever they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    // BLAKE3 hashes compare in constant time.
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}

fn key(id: &str) -> [u8; 32] {
    *blake3::hash(id.as_bytes()).as_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn begin(sessions: &Sessions, env: &Env) -> String {
        sessions.begin(Operator { name: "Anna".to_owned(), proof: Proof::Token }, env)
    }

    #[test]
    fn a_session_ends_when_it_rests_and_when_it_is_old() {
        let env = Env::system();
        let sessions = Sessions::new(10 * MINUTE, 25 * MINUTE);
        let id = begin(&sessions, &env);
        let after = |minutes| env.now().plus(minutes * MINUTE);
        assert!(sessions.find(&id, after(9)).is_some());
        assert!(sessions.find(&id, after(18)).is_some(), "it was seen in between");
        assert!(sessions.find(&id, after(26)).is_none(), "it is old");
        let id = begin(&sessions, &env);
        assert!(sessions.find(&id, after(11)).is_none(), "it rested");
        assert!(sessions.find(&id, after(0)).is_none(), "what has ended stays so");
    }

    #[test]
    fn ids_are_long_differ_and_can_be_ended() {
        let env = Env::system();
        let sessions = Sessions::new(MINUTE, MINUTE);
        let (one, other) = (begin(&sessions, &env), begin(&sessions, &env));
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
        sessions.end(&one);
        assert!(sessions.find(&one, env.now()).is_none());
        let session = sessions.find(&other, env.now()).unwrap();
        assert_ne!(session.csrf, other);
        assert!(same(&session.csrf, &session.csrf) && !same(&session.csrf, &other));
    }

    #[test]
    fn there_are_never_too_many() {
        let env = Env::system();
        let sessions = Sessions::new(MINUTE, MINUTE);
        let ids: Vec<_> = (0..=MOST).map(|_| begin(&sessions, &env)).collect();
        let last = ids.iter().filter(|id| sessions.find(id, env.now()).is_some()).count();
        assert_eq!(last, MOST);
    }
}
