//! Whether a mail is from whom it says: by the word of the server that received it for us
//! ([`told`]), or found out by ourselves when it was fetched ([`checker`], with the way that it
//! took, [`origin`]).

mod checker;
mod origin;
#[cfg(test)]
mod tests;
mod told;
#[cfg(test)]
mod zone;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use checker::{Checker, unchecked};

/// What was found out about who wrote a mail.
#[derive(Serialize)]
pub(crate) struct Authentication {
    /// The server that did, by the name that it gives itself (RFC 8601 2.5); `None`: we did.
    pub(crate) authserv_id: Option<String>,
    /// Results by method: `spf`, `dkim`, `dmarc`, `arc`, `auth`.
    pub(crate) results: BTreeMap<String, String>,
    /// What follows for the author.
    pub(crate) sender: Standing,
}

/// How sure it is that the author is the one named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// The author's domain stands for the mail.
    Verified,
    /// Nobody stands for it.
    Unverified,
    /// The author's domain says that mails like this one are not its own (RFC 7489 6.6.2).
    /// Mailing lists bring honest ones into this state.
    Suspect,
    /// It could not be found out, for example because the DNS did not answer.
    Unchecked,
}

/// One result (RFC 8601 2.2, `resinfo`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) method: String,
    pub(crate) result: String,
    /// The domain that was checked.
    pub(crate) domain: Option<String>,
}

impl Authentication {
    /// What `outcomes` mean for a mail that names `author`. Of each method the first one is shown.
    pub(crate) fn new(authserv_id: Option<String>, outcomes: &[Outcome], author: &str) -> Self {
        let mut results = BTreeMap::new();
        for outcome in outcomes {
            results.entry(outcome.method.clone()).or_insert_with(|| outcome.result.clone());
        }
        Self { authserv_id, results, sender: standing(outcomes, author) }
    }
}

/// DMARC says it where the domain has a policy; else a signature, or the way that the mail took,
/// speaks for the author when it is of the author's domain (RFC 7489 3.1).
fn standing(outcomes: &[Outcome], author: &str) -> Standing {
    let author = author.rsplit('@').next().unwrap_or_default().to_lowercase();
    // A mail can be written so that two programs find different authors in it.
    let is_about_author =
        |o: &&Outcome| o.domain.as_deref().is_none_or(|domain| is_aligned(domain, &author));
    let dmarc = outcomes.iter().find(|o| o.method == "dmarc").filter(is_about_author);
    let is_found = |method: &str, result: &str| {
        outcomes.iter().find(|o| o.method == method).is_some_and(|o| o.result == result)
    };
    let speaks = |outcome: &Outcome| {
        let domain = outcome.domain.as_deref().unwrap_or_default();
        matches!(outcome.method.as_str(), "dkim" | "spf")
            && outcome.result == "pass"
            && is_aligned(domain, &author)
    };
    let is_open = |outcome: &Outcome| {
        matches!(outcome.method.as_str(), "dkim" | "spf" | "dmarc") && outcome.result == "temperror"
    };
    match dmarc.map(|outcome| outcome.result.as_str()) {
        Some("pass") => Standing::Verified,
        // Who passed it on and may have changed it (RFC 8617) found it in order.
        Some("fail") if is_found("arc", "pass") => Standing::Unverified,
        Some("fail") => Standing::Suspect,
        _ if is_found("auth", "pass") || outcomes.iter().any(speaks) => Standing::Verified,
        _ if outcomes.iter().any(is_open) => Standing::Unchecked,
        _ => Standing::Unverified,
    }
}

/// Whether one domain is the other, or lies under it; a single label is nobody's.
fn is_aligned(one: &str, other: &str) -> bool {
    let lies_under = |low: &str, high: &str| {
        high.contains('.') && low.strip_suffix(high).is_some_and(|rest| rest.ends_with('.'))
    };
    !one.is_empty() && (one == other || lies_under(one, other) || lies_under(other, one))
}
