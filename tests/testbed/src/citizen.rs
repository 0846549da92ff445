//! The citizen: a mail client that writes over SMTP and reads over IMAP.

use std::fmt::Display;

use anyhow::{Context, Result};
use lettre::address::Envelope;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox as Address, MessageBuilder, MultiPart, SinglePart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::mailbox::{Mail, Mailbox};
use crate::testbed::Person;

/// A person who writes mail to the agency.
pub struct Citizen {
    /// The citizen's mailbox.
    pub mailbox: Mailbox,
    person: Person,
    agency: Person,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Citizen {
    pub(crate) fn new(person: Person, agency: Person, smtp: u16, imap: u16) -> Self {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1");
        let transport = transport.port(smtp).build();
        Self { mailbox: Mailbox::new(person, imap), person, agency, transport }
    }

    /// Sends a plain mail; returns its Message-ID without angle brackets.
    ///
    /// # Errors
    /// The mail server refused.
    pub async fn write(&self, subject: &str, text: &str) -> Result<String> {
        self.send(self.compose(subject)?.body(text.to_owned())?).await
    }

    /// Sends a mail that is HTML only.
    ///
    /// # Errors
    /// The mail server refused.
    pub async fn write_html(&self, subject: &str, html: &str) -> Result<String> {
        self.send(self.compose(subject)?.singlepart(SinglePart::html(html.to_owned()))?).await
    }

    /// Sends a mail with a file.
    ///
    /// # Errors
    /// The mail server refused.
    pub async fn write_with_file(
        &self,
        subject: &str,
        text: &str,
        (name, media_type, bytes): (&str, &str, Vec<u8>),
    ) -> Result<String> {
        let file = Attachment::new(name.to_owned());
        let parts = MultiPart::mixed()
            .singlepart(SinglePart::plain(text.to_owned()))
            .singlepart(file.body(bytes, ContentType::parse(media_type)?));
        self.send(self.compose(subject)?.multipart(parts)?).await
    }

    /// Answers `mail` as mail clients do.
    ///
    /// # Errors
    /// The mail server refused.
    pub async fn reply(&self, mail: &Mail, text: &str) -> Result<String> {
        let subject = mail.subject();
        let again = if subject.starts_with("Re: ") { "" } else { "Re: " };
        let ancestors = mail.references().into_iter().chain([mail.message_id().to_owned()]);
        let references: Vec<_> = ancestors.map(|id| format!("<{id}>")).collect();
        let message = self
            .compose(&format!("{again}{subject}"))?
            .in_reply_to(format!("<{}>", mail.message_id()))
            .references(references.join(" "));
        self.send(message.body(text.to_owned())?).await
    }

    /// A mail to the agency, to be completed by the caller.
    ///
    /// # Errors
    /// An address is none.
    pub fn compose(&self, subject: &str) -> Result<MessageBuilder> {
        Ok(Message::builder()
            .from(address(self.person)?)
            .to(address(self.agency)?)
            .subject(subject)
            .message_id(None)
            .date_now())
    }

    /// Sends what [`Self::compose`] began; returns its Message-ID without angle brackets.
    ///
    /// # Errors
    /// The mail server refused.
    pub async fn send(&self, message: Message) -> Result<String> {
        let id = message.headers().get_raw("Message-ID").context("no Message-ID")?.to_owned();
        self.transport.send(message).await?;
        Ok(id.trim_matches(['<', '>']).to_owned())
    }

    /// Sends `mail` byte by byte to the agency, whatever it is.
    ///
    /// # Errors
    /// The mail server refused.
    pub async fn send_raw(&self, mail: &[u8]) -> Result<()> {
        let to = vec![self.agency.user.parse()?];
        let envelope = Envelope::new(Some(self.person.user.parse()?), to)?;
        self.transport.send_raw(&envelope, mail).await?;
        Ok(())
    }

    /// Waits for a mail for which `fits` holds, and returns the first of them.
    ///
    /// # Errors
    /// `what` did not come in time.
    pub async fn receives(&self, what: impl Display, fits: impl Fn(&Mail) -> bool) -> Result<Mail> {
        self.mailbox.receives(what, fits).await
    }
}

fn address(person: Person) -> Result<Address> {
    Ok(Address::new(Some(person.name.to_owned()), person.user.parse()?))
}
