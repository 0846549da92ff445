//! The first act: a mailbox and the room.

use anyhow::Result;
use viadukt_testbed::{AGENCY, CITIZEN, Citizen, Clerk, Mail};

use crate::stage::{Side, Stage};

/// A picture of one red pixel, so that the attachment is a true one.
const PHOTO: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\
    \0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

/// One conversation, as each side sees it.
///
/// # Errors
/// It came to nothing.
pub async fn act(stage: &mut Stage, clerk: &Clerk, citizen: &Citizen) -> Result<()> {
    stage.step("A citizen writes a mail with a photo");
    let (subject, text) = (
        "Straßenlaterne defekt",
        "Grüß Gott,\n\nvor Hausnummer 12 flackert die Laterne 💡.\nEin Foto hängt an.\n\nErika",
    );
    let photo = ("Laterne.png", "image/png", PHOTO.to_vec());
    let first = citizen.write_with_file(subject, text, photo).await?;
    stage.line(Side::Mail, "From", CITIZEN.name);
    stage.line(Side::Mail, "To", AGENCY.name);
    stage.line(Side::Mail, "Subject", subject);
    stage.line(Side::Mail, "Text", text);
    stage.line(Side::Mail, "Attachment", "Laterne.png");

    stage.step("It begins a thread in the clerk's encrypted room");
    let question = clerk.sees("the citizen's mail", |seen| seen.body().contains("💡")).await?;
    stage.seen(question.trusted()?);
    let file = clerk.sees("the photo", |seen| seen.file().is_some()).await?;
    stage.seen(file.trusted()?);
    let intact = clerk.download(&file).await? == PHOTO;
    stage.line(Side::Room, "Content", if intact { "the same, byte by byte" } else { "changed!" });

    stage.step("The clerk answers in the thread");
    let answer = "Guten Tag Frau Mustermann,\ndie Laterne wird morgen repariert. 👍";
    let sent = clerk.answer(&question, answer).await?;
    stage.line(Side::Room, "Answer", answer);

    stage.step("The citizen gets a mail in the same conversation");
    let reply = citizen.receives("the answer", |mail| mail.text().contains("morgen")).await?;
    show(stage, &reply);
    let answers = reply.in_reply_to() == [first.as_str()];
    stage.line(Side::Mail, "Answers", if answers { "the citizen's mail" } else { "another mail!" });

    stage.step("The citizen writes again, and the thread goes on");
    let thanks = "Vielen Dank für die schnelle Hilfe!";
    citizen.reply(&reply, thanks).await?;
    stage.line(Side::Mail, "Text", thanks);
    let seen = clerk.sees("the second mail", |seen| seen.body().contains("Vielen Dank")).await?;
    stage.seen(seen.trusted()?);
    let root = question.thread().unwrap_or(&question.event_id);
    let same = seen.thread() == Some(root);
    stage.line(Side::Room, "Thread", if same { "the same as before" } else { "another!" });
    // Which sign the clerk gets when the answer has gone out is a matter of configuration.
    if let Some(sign) = clerk.seen().iter().find_map(|seen| seen.reaction_to(&sent)) {
        stage.line(Side::Room, "Delivery", format_args!("{sign} at the clerk's answer"));
    }
    Ok(())
}

/// Shows a mail that the citizen received.
pub fn show(stage: &Stage, mail: &Mail) {
    stage.line(Side::Mail, "From", mail.sender());
    stage.line(Side::Mail, "Subject", mail.subject());
    stage.line(Side::Mail, "Text", mail.text().trim_end());
    for (name, bytes) in mail.attachments() {
        stage.line(Side::Mail, "Attachment", format_args!("{name}, {} bytes", bytes.len()));
    }
    for name in ["Message-ID", "In-Reply-To", "References"] {
        if let Some(value) = mail.header(name) {
            stage.line(Side::Mail, name, value);
        }
    }
}
