//! What a mail says becomes what a room shows, and the mail itself a file beside it.

use viadukt_api::{Attachment, Content, WorkerName};

use crate::fetch::{Handle, Payload, Within};
use crate::lift::Lifted;
use crate::{clean, html, trim};

/// What a mail says, before anything is taken off it.
pub(crate) struct Said {
    pub(crate) text: String,
    /// HTML that is more than `text`: empty when the author wrote plain text.
    pub(crate) formatted: String,
    pub(crate) files: Vec<Attachment>,
    /// Names of files that a room does not show.
    pub(crate) aside: Vec<String>,
}

impl Said {
    /// What a room shows of it, whole.
    pub(crate) fn whole(self) -> Content {
        let html = html::sanitise(&self.formatted);
        let text = match &html {
            Some(html) if self.text.is_empty() => clean::text(&html::sanitised_to_text(html)),
            None if self.text.is_empty() => clean::text(&html::to_text(&self.formatted)),
            _ => clean::text(&self.text),
        };
        let html = html.filter(|html| !html.is_empty());
        Content { text, html, attachments: self.files }
    }

    /// What a room shows of it once quoted mails and signatures are taken off, and whether
    /// anything was; see [`trim`].
    pub(crate) fn trimmed(mut self, forwarding: bool) -> (Content, bool) {
        let readable = html::readable(&self.formatted).filter(|html| !html.is_empty());
        let left = match readable {
            Some(html) => trim::html(&html, forwarding).map(|left| (String::new(), left)),
            // Plain text, or more HTML than is worth it.
            None => {
                if self.text.is_empty() {
                    self.text = html::to_text(&self.formatted);
                }
                trim::text(&self.text, forwarding).map(|left| (left, String::new()))
            }
        };
        let Some((text, formatted)) = left else { return (self.whole(), false) };
        (Self { text, formatted, ..self }.whole(), true)
    }
}

/// The mail itself as a file, byte for byte but for what [`crate::repair`] mended.
pub(crate) fn original(lifted: &Lifted<'_>, name: String, worker: &WorkerName) -> Attachment {
    let (payload, length) = match lifted.copy {
        Some(copy) => (Payload::Spooled(copy.clone()), copy.size),
        None => (Payload::here(lifted.skeleton), lifted.skeleton.len() as u64),
    };
    let within = Within {
        start: 0,
        end: length,
        nonce: String::from_utf8_lossy(lifted.nonce).into_owned(),
        parts: lifted.parts.to_vec(),
    };
    let handle = Handle { payload, encoding: String::new(), within: Some(within) };
    Attachment {
        name,
        mime: "message/rfc822".to_owned(),
        size: Some(lifted.restored(length)),
        media: handle.media(worker),
    }
}
