//! People who keep talking through viadukt, whatever breaks, and the judge of what became of
//! what they said. Everything is numbered, so that nothing can be missing, doubled or out of
//! order without being seen.

mod history;
pub mod intranet;
pub mod mail;
pub mod oracle;
pub mod sms;

use anyhow::Result;

pub use intranet::IntranetTalk;
pub use mail::MailTalk;
pub use oracle::{Finding, Kind, judge};
pub use sms::SmsTalk;

/// Conversations that go on side by side on one channel.
pub const THREADS: usize = 4;

/// What is said on one channel, in several conversations at once.
#[allow(async_fn_in_trait, reason = "nobody needs a future of it to be Send")]
pub trait Talk {
    /// Says one message in each direction. Returns when both are taken, however long that takes.
    ///
    /// # Errors
    /// A server that is not meant to break broke.
    async fn speak(&mut self, round: usize) -> Result<()>;

    /// How much was said so far, in both directions.
    fn said(&self) -> usize;

    /// What is not as in a world in which nothing breaks, of everything that was said so far.
    ///
    /// # Errors
    /// As [`Self::speak`].
    async fn findings(&mut self) -> Result<Vec<Finding>>;

    /// Does what people do about messages of which nobody knows whether they arrived: asks for
    /// them to be sent again.
    ///
    /// # Errors
    /// As [`Self::speak`].
    async fn decide(&mut self) -> Result<()>;
}

/// A text that is part of no other one.
fn numbered(what: &str, thread: usize, number: usize) -> String {
    format!("{what} {thread}-{number:03}.")
}

/// The numbered text in `body`.
fn numbered_in(body: &str) -> Option<&str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    body.match_indices('.').find_map(|(end, _)| {
        let (before, number) = body.get(..end)?.rsplit_once('-').filter(|it| is_number(it.1))?;
        let (before, thread) = before.rsplit_once(' ').filter(|it| is_number(it.1))?;
        let what = before.rsplit(|c: char| !c.is_alphabetic()).next().filter(|w| !w.is_empty())?;
        let length = what.len() + 1 + thread.len() + 1 + number.len();
        body.get(end - length..=end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_text_is_found_where_it_stands() {
        let text = numbered("Brief", 3, 17);
        for body in [text.clone(), format!("Erika M.: {text}\n-- \nv. 1-2"), format!("1.2 {text}")]
        {
            assert_eq!(numbered_in(&body), Some(&*text), "{body}");
        }
        assert_eq!(numbered_in("Anlage 0-004.txt"), Some("Anlage 0-004."));
        for body in ["", "Re: Vorgang 3", "a-1.", "3-4."] {
            assert_eq!(numbered_in(body), None, "{body}");
        }
    }
}
