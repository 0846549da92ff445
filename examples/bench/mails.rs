//! Mails put straight into the agency's mailbox, so that no mail server's pace is measured.

use std::path::PathBuf;

use anyhow::Result;
use viadukt_testbed::{AGENCY, CITIZEN, Testbed};

/// Length of the text of each mail, that of a short letter.
const TEXT: usize = 400;

/// A Maildir and a number that was not used in it.
pub struct Mails {
    folder: PathBuf,
    next: u32,
}

impl Mails {
    /// The agency's mailbox.
    pub fn new(testbed: &Testbed) -> Self {
        Self { folder: testbed.dovecot.mailbox(AGENCY.user), next: 0 }
    }

    /// Puts `count` mails into it, each the beginning of a conversation.
    ///
    /// # Errors
    /// They could not be written.
    pub fn arrive(&mut self, count: u32) -> Result<()> {
        let numbers = self.next..self.next + count;
        self.next = numbers.end;
        let names = numbers.map(|number| format!("{number:06}.bench"));
        for name in names.clone() {
            std::fs::write(self.folder.join("tmp").join(&name), mail(&name))?;
        }
        // Dovecot sees only whole mails, and nearly all of them at once.
        for name in names {
            std::fs::rename(
                self.folder.join("tmp").join(&name),
                self.folder.join("new").join(&name),
            )?;
        }
        Ok(())
    }
}

/// The text of a mail or an event.
pub fn text() -> String {
    "Sehr geehrte Damen und Herren, wann öffnet das Bürgerbüro? "
        .chars()
        .cycle()
        .take(TEXT)
        .collect()
}

fn mail(id: &str) -> String {
    format!(
        "From: {} <{}>\r\nTo: <{}>\r\nSubject: Anfrage {id}\r\nMessage-ID: <{id}@citizen.test>\r\n\
         Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
        CITIZEN.name,
        CITIZEN.user,
        AGENCY.user,
        text(),
    )
}
