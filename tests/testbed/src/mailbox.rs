//! A mailbox read over IMAP, and the mails in it.

use std::fmt::Display;

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use mail_parser::{MessageParser, MimeHeaders};
use tokio::net::TcpStream;

use crate::testbed::Person;
use crate::wait::until;

/// The INBOX of one person.
pub struct Mailbox {
    owner: Person,
    port: u16,
}

/// A mail as its recipient has it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its bytes.
    pub raw: Vec<u8>,
    /// What they mean.
    pub parsed: mail_parser::Message<'static>,
}

impl Mailbox {
    pub(crate) fn new(owner: Person, port: u16) -> Self {
        Self { owner, port }
    }

    /// All mails, in the order of their arrival. Nothing is marked as read.
    ///
    /// # Errors
    /// The server is down, or a mail in it cannot be parsed.
    pub async fn mails(&self) -> Result<Vec<Mail>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let mut client = async_imap::Client::new(stream);
        client.read_response().await?.context("no greeting")?;
        let login = client.login(self.owner.user, self.owner.password).await;
        let mut session = login.map_err(|(error, _)| error)?;
        let mut mails = Vec::new();
        if session.examine("INBOX").await?.exists > 0 {
            let fetches = session.fetch("1:*", "BODY.PEEK[]").await?;
            let all: Vec<_> = fetches.try_collect().await?;
            for body in all.iter().filter_map(|fetch| fetch.body()) {
                mails.push(Mail::parse(body)?);
            }
        }
        session.logout().await?;
        Ok(mails)
    }

    /// Waits for a mail for which `fits` holds, and returns the first of them.
    ///
    /// # Errors
    /// `what` did not come in time; the error lists what came instead.
    pub async fn receives(&self, what: impl Display, fits: impl Fn(&Mail) -> bool) -> Result<Mail> {
        let mut found = self.receives_all(what, 1, fits).await?;
        Ok(found.swap_remove(0))
    }

    /// Waits for `count` mails for which `fits` holds, and returns all of them.
    ///
    /// # Errors
    /// Fewer came in time; the error lists what came instead.
    pub async fn receives_all(
        &self,
        what: impl Display,
        count: usize,
        fits: impl Fn(&Mail) -> bool,
    ) -> Result<Vec<Mail>> {
        let mut came = String::new();
        until(format!("{count} of {what}"), async || {
            // A server that is down for a while is part of many a test.
            let Ok(mails) = self.mails().await else { return Ok(None) };
            came = mails.iter().map(|mail| format!("  {:?}\n", mail.subject())).collect();
            let found: Vec<_> = mails.into_iter().filter(|mail| fits(mail)).collect();
            Ok((found.len() >= count).then_some(found))
        })
        .await
        .with_context(|| format!("{} received only:\n{came}", self.owner.user))
    }
}

impl Mail {
    fn parse(raw: &[u8]) -> Result<Self> {
        let parsed = MessageParser::default().parse(raw).context("not a mail")?.into_owned();
        Ok(Self { raw: raw.to_owned(), parsed })
    }

    /// The subject.
    pub fn subject(&self) -> &str {
        self.parsed.subject().unwrap_or_default()
    }

    /// Who it is from, as mail programs show it.
    pub fn sender(&self) -> String {
        let from = self.parsed.from().and_then(|from| from.first());
        let (name, address) = from.map_or((None, None), |from| (from.name(), from.address()));
        format!("{} <{}>", name.unwrap_or_default(), address.unwrap_or_default())
    }

    /// The text, made from the HTML if there is nothing else.
    pub fn text(&self) -> String {
        self.parsed.body_text(0).unwrap_or_default().into_owned()
    }

    /// The Message-ID, without its angle brackets.
    pub fn message_id(&self) -> &str {
        self.parsed.message_id().unwrap_or_default()
    }

    /// The Message-IDs in the header `In-Reply-To`.
    pub fn in_reply_to(&self) -> Vec<String> {
        ids(self.parsed.in_reply_to())
    }

    /// The Message-IDs in the header `References`, oldest first.
    pub fn references(&self) -> Vec<String> {
        ids(self.parsed.references())
    }

    /// The first value of the header `name` as it was written.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.parsed.headers_raw();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The attachments: name and content.
    pub fn attachments(&self) -> Vec<(String, Vec<u8>)> {
        let name = |part: &mail_parser::MessagePart<'_>| {
            part.attachment_name().unwrap_or_default().to_owned()
        };
        self.parsed.attachments().map(|part| (name(part), part.contents().to_vec())).collect()
    }
}

fn ids(value: &mail_parser::HeaderValue<'_>) -> Vec<String> {
    let list = value.as_text_list().unwrap_or_default();
    list.iter().map(ToString::to_string).collect()
}
