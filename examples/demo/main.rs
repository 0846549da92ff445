//! Shows viadukt at work: a citizen's mail becomes a thread in an encrypted room, the clerk's
//! answer becomes a mail, and the conversation goes on; then the same with an SMS, and an alert that
//! the clerk silences. Real servers, real clients. Afterwards everything stays up to be tried out.
//!
//! `make demo` installs and builds what is needed and runs this.
#![allow(clippy::print_stdout, reason = "it talks to a person")]

mod intranet;
mod mail;
mod sms;
mod stage;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use viadukt_testbed::servers::Smsc;
use viadukt_testbed::servers::smsc::{Behaviour, Receipts};
use viadukt_testbed::{
    AGENCY, CITIZEN, Citizen, Clerk, INTRANET_ROOM, NUMBER, Phone, ROOM, SMS_ROOM, Testbed,
};

use crate::intranet::Intranet;
use crate::stage::Stage;

#[derive(Parser)]
struct Arguments {
    /// Stop after the play instead of staying up
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
    stage.title("viadukt: between a citizen's mailbox and phone, monitoring and encrypted rooms");

    let since = Instant::now();
    let testbed = Testbed::start().await?;
    stage.done("Synapse, Dovecot and Postfix", since);
    let since = Instant::now();
    let centre = testbed.sms_centre().await?;
    centre.behave(&Behaviour { receipts: Receipts::Now, ..Behaviour::default() }).await?;
    stage.done("an SMS centre", since);
    let since = Instant::now();
    let clerk = testbed.clerk().await?;
    stage.done("the clerk's messenger", since);
    let since = Instant::now();
    let mut bridge = testbed.bridge(&program()?)?;
    testbed.add_sms(&mut bridge, &centre)?;
    let intranet = Intranet::start(&testbed, &mut bridge).await?;
    bridge.start()?;
    bridge.ready().await?;
    stage.done("Alertmanager and viadukt", since);
    clerk.join(ROOM).await?;
    clerk.join(SMS_ROOM).await?;
    clerk.join(INTRANET_ROOM).await?;

    let (citizen, phone) = (testbed.citizen(), Phone::new(sms::CITIZEN, &centre));
    let played = acts(&mut stage, &clerk, &citizen, &phone, &intranet).await;
    played.with_context(|| format!("viadukt's log ends:\n{}", bridge.log_end()))?;
    if once {
        bridge.terminate().await?;
        return Ok(());
    }

    let key = clerk.recovery_key().await?;
    // The person at the keyboard takes over the clerk's device.
    drop(clerk);
    stage.step("Your turn: everything stays up until you press Ctrl-C");
    invite_to_mail(&stage, &testbed);
    invite_to_sms(&stage, &centre);
    invite_to_the_intranet(&stage, &intranet);
    invite_to_the_room(&stage, &testbed, &key);
    stage.remark(format_args!("viadukt's log: {}", bridge.log_file().display()));
    println!();
    watch(&stage, &citizen, &phone).await
}

async fn acts(
    stage: &mut Stage,
    clerk: &Clerk,
    citizen: &Citizen,
    phone: &Phone<'_>,
    intranet: &Intranet,
) -> Result<()> {
    mail::act(stage, clerk, citizen).await?;
    sms::act(stage, clerk, phone).await?;
    intranet::act(stage, clerk, intranet).await
}

fn invite_to_mail(stage: &Stage, testbed: &Testbed) {
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
}

fn invite_to_sms(stage: &Stage, centre: &Smsc) {
    let orders = format!("http://127.0.0.1:{}", centre.control);
    stage.remark("Write an SMS (another number is another citizen):");
    stage.command(format_args!(
        "curl {orders}/deliver --data \\\n      \
         '{{\"from\": \"{}\", \"to\": \"{NUMBER}\", \"text\": \"Guten Tag!\"}}'",
        sms::CITIZEN,
    ));
    stage.remark("What this phone receives is shown below; what all phones received is at");
    stage.command(format_args!("curl {orders}/messages"));
    println!();
}

fn invite_to_the_intranet(stage: &Stage, intranet: &Intranet) {
    stage.remark("Let an application tell something:");
    stage.command(format_args!(
        "curl {}/app --header 'Authorization: Bearer {}' --json '{{\"text\": \"Guten Tag!\"}}'",
        intranet.hooks,
        intranet::TOKEN,
    ));
    stage.remark(format_args!("Alertmanager is at {}", intranet.alertmanager.url()));
    println!();
}

fn invite_to_the_room(stage: &Stage, testbed: &Testbed, recovery_key: &str) {
    let account = testbed.clerk_account();
    let (url, user, password) = (testbed.synapse.url(), account.user, account.password);
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
}

/// Shows every mail and every SMS that the citizens receive from now on.
async fn watch(stage: &Stage, citizen: &Citizen, phone: &Phone<'_>) -> Result<()> {
    let mails = citizen.mailbox.mails().await?;
    let mut known: HashSet<_> = mails.iter().map(|mail| mail.message_id().to_owned()).collect();
    let whole = async || -> Result<Vec<_>> {
        Ok(phone.messages().await?.into_iter().filter(|sms| sms.text().is_some()).collect())
    };
    let mut shown = whole().await?.len();
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        look.tick().await;
        for mail in citizen.mailbox.mails().await.unwrap_or_default() {
            if known.insert(mail.message_id().to_owned()) {
                mail::show(stage, &mail);
                println!();
            }
        }
        let messages = whole().await?;
        for sms in messages.iter().skip(shown) {
            sms::show(stage, sms);
            println!();
        }
        shown = messages.len();
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
