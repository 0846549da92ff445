//! Mail in: one IMAP folder is watched and every new mail accepted, once, in order.
//!
//! The mailbox is never asked what is unread: another program may have read it. The position
//! ([`position`]) is kept in the same transaction as the mails; flagging or moving comes after.
//! What takes the network to find out about a mail is found out before it is accepted
//! ([`examine`]).

mod examine;
mod ingest;
pub(crate) mod position;
pub(crate) mod session;
mod watch;

pub(crate) use ingest::Ingest;

/// The keyword that `after = "flag"` sets.
pub(crate) const KEYWORD: &str = "$Viadukt";
