//! Shows viadukt at work: a citizen's mail becomes a thread in an encrypted room, the clerk's
//! answer becomes a mail, and the conversation goes on. Real servers, real clients. Afterwards
//! everything stays up to be tried out.
//!
//! `make demo` installs and builds what is needed and runs this.
#![allow(clippy::print_stdout, reason = "it talks to a person")]

mod stage;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use viadukt_testbed::{AGENCY, Bridge, CITIZEN, Citizen, Clerk, Lock, Mail, ROOM, Seen, Testbed};

use crate::stage::{Side, Stage};

/// A picture of one red pixel, so that the attachment is a true one.
const PHOTO: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\
    \0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

#[derive(Parser)]
struct Arguments {
    /// Stop after the exchange instead of staying up
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut terminate = signal(SignalKind::terminate())?;
    // Whatever ends first: all servers stop when the play is dropped.
    tokio::select! {
        ended = play(arguments.once) => ended,
        _ = tokio::signal::ctrl_c() => { println!("\nStopping …"); Ok(()) }
        _ = terminate.recv() => Ok(()),
    }
}

async fn play(once: bool) -> Result<()> {
    let mut stage = Stage::new();
    stage.title("viadukt: between a citizen's mailbox and an encrypted room");

    let since = Instant::now();
    let testbed = Testbed::start().await?;
    stage.done("Synapse, Dovecot and Postfix", since);
    let since = Instant::now();
    let clerk = testbed.clerk().await?;
    stage.done("the clerk's messenger", since);
    let since = Instant::now();
    let mut bridge = testbed.bridge(&program()?)?;
    bridge.start()?;
    bridge.ready().await?;
    stage.done("viadukt", since);
    clerk.join(ROOM).await?;

    let citizen = testbed.citizen();
    let exchanged = exchange(&mut stage, &clerk, &citizen).await;
    exchanged.with_context(|| format!("viadukt's log ends:\n{}", bridge.log_end()))?;
    if once {
        bridge.terminate().await?;
        return Ok(());
    }

    let key = clerk.recovery_key().await?;
    // The person at the keyboard takes over the clerk's device.
    drop(clerk);
    invite(&mut stage, &testbed, &bridge, &key);
    watch(&stage, &citizen).await
}

/// One conversation, as each side sees it.
async fn exchange(stage: &mut Stage, clerk: &Clerk, citizen: &Citizen) -> Result<()> {
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
    show(stage, question.trusted()?);
    let file = clerk.sees("the photo", |seen| seen.file().is_some()).await?;
    show(stage, file.trusted()?);
    let intact = clerk.download(&file).await? == PHOTO;
    stage.line(Side::Room, "Content", if intact { "the same, byte by byte" } else { "changed!" });

    stage.step("The clerk answers in the thread");
    let answer = "Guten Tag Frau Mustermann,\ndie Laterne wird morgen repariert. 👍";
    let sent = clerk.answer(&question, answer).await?;
    stage.line(Side::Room, "Answer", answer);

    stage.step("The citizen gets a mail in the same conversation");
    let reply = citizen.receives("the answer", |mail| mail.text().contains("morgen")).await?;
    show_mail(stage, &reply);
    let answers = reply.in_reply_to() == [first.as_str()];
    stage.line(Side::Mail, "Answers", if answers { "the citizen's mail" } else { "another mail!" });

    stage.step("The citizen writes again, and the thread goes on");
    let thanks = "Vielen Dank für die schnelle Hilfe!";
    citizen.reply(&reply, thanks).await?;
    stage.line(Side::Mail, "Text", thanks);
    let seen = clerk.sees("the second mail", |seen| seen.body().contains("Vielen Dank")).await?;
    show(stage, seen.trusted()?);
    let root = question.thread().unwrap_or(&question.event_id);
    let same = seen.thread() == Some(root);
    stage.line(Side::Room, "Thread", if same { "the same as before" } else { "another!" });
    // Which sign the clerk gets when the answer has gone out is a matter of configuration.
    if let Some(sign) = clerk.seen().iter().find_map(|seen| seen.reaction_to(&sent)) {
        stage.line(Side::Room, "Delivery", format_args!("{sign} at the clerk's answer"));
    }
    Ok(())
}

/// Says how to take part.
fn invite(stage: &mut Stage, testbed: &Testbed, bridge: &Bridge, recovery_key: &str) {
    let account = testbed.clerk_account();
    let (url, user, password) = (testbed.synapse.url(), account.user, account.password);

    stage.step("Your turn: everything stays up until you press Ctrl-C");
    stage.remark("Write as the citizen (add --attach @FILE to send a file):");
    stage.command(format_args!(
        "swaks --server 127.0.0.1:{} --from {} --to {} \\\n      \
         --header 'Subject: Hallo' --body 'Guten Tag!'",
        testbed.postfix.smtp, CITIZEN.user, AGENCY.user,
    ));
    stage.remark("What the citizen receives is shown below, and lies as files in");
    stage.command(testbed.dovecot.mailbox(CITIZEN.user).join("new").display());
    stage.remark(format_args!(
        "or in a mail program: IMAP 127.0.0.1 port {}, user {}, password {}",
        testbed.dovecot.imap, CITIZEN.user, CITIZEN.password,
    ));
    println!();
    stage.remark("Read and answer as the clerk, in another terminal:");
    stage.command(format_args!(
        "cargo run --example clerk -- --homeserver {url} --user {user} --password {password} \\\n      \
         --folder {}",
        testbed.folder().join(user).display(),
    ));
    stage.remark("or in any Matrix client:");
    stage.remark(format_args!(
        "  homeserver {url}, user {user}, password {password}, recovery key {recovery_key}"
    ));
    println!();
    stage.remark(format_args!("viadukt's log: {}", bridge.log_file().display()));
    println!();
}

/// Shows every mail that the citizen receives from now on.
async fn watch(stage: &Stage, citizen: &Citizen) -> Result<()> {
    let mails = citizen.mailbox.mails().await?;
    let mut known: HashSet<_> = mails.iter().map(|mail| mail.message_id().to_owned()).collect();
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        look.tick().await;
        for mail in citizen.mailbox.mails().await.unwrap_or_default() {
            if known.insert(mail.message_id().to_owned()) {
                show_mail(stage, &mail);
                println!();
            }
        }
    }
}

fn show(stage: &Stage, seen: &Seen) {
    let lock = match &seen.lock {
        Lock::CrossSigned => "encrypted, by a device that its owner has signed".to_owned(),
        Lock::Doubtful(reason) => format!("encrypted, but: {reason}"),
        Lock::Unreadable(reason) => format!("unreadable: {reason}"),
        Lock::Open => "not encrypted".to_owned(),
    };
    stage.line(Side::Room, "Speaker", seen.speaker().unwrap_or(seen.sender.as_str()));
    match seen.file() {
        Some(name) => stage.line(Side::Room, "File", name),
        None => stage.line(Side::Room, "Text", seen.text().trim_end()),
    }
    stage.line(Side::Room, "Lock", lock);
}

fn show_mail(stage: &Stage, mail: &Mail) {
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

/// The program that was built beside this one.
fn program() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(|examples| examples.parent());
    let program = folder.context("this program lies in no folder")?.join("viadukt");
    anyhow::ensure!(program.exists(), "{} does not exist; use `make demo`", program.display());
    Ok(program)
}
