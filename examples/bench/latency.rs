//! From the mail server's notice of a new mail to the event, over a raw send.

use anyhow::{Context, Result, bail};
use async_imap::Session;
use async_imap::extensions::idle::IdleResponse;
use async_imap::imap_proto::{MailboxDatum, Response};
use tokio::net::TcpStream;
use viadukt_api::Env;
use viadukt_testbed::{AGENCY, PATIENCE, Testbed};

use crate::figures::{Figures, Target, median};
use crate::world::{TimeOfDay, World};

const MAILS: usize = 40;

/// The added latency at the median. The notice is taken from a second connection that watches
/// the same mailbox: Dovecot tells all of them at the same time, half a second after the mail.
///
/// # Errors
/// The servers failed.
pub async fn measure(world: &mut World, figures: &mut Figures) -> Result<()> {
    world.close_clerk();
    let env = Env::system();
    let mut observer = observe(&world.testbed).await?;
    let (mut whole, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..MAILS {
        let mut log = world.log();
        let mut idle = observer.idle();
        idle.init().await?;
        world.mails.arrive(1)?;
        let noticed = loop {
            let (response, _interrupt) = idle.wait_with_timeout(PATIENCE);
            let IdleResponse::NewData(data) = response.await? else { bail!("no notice came") };
            if let Response::MailboxData(MailboxDatum::Exists(_)) = data.parsed() {
                break TimeOfDay::now(&env);
            }
        };
        observer = idle.done().await?;
        let sent = log.events(1).await?;
        whole.push(sent.first().context("no event")?.since(noticed) * 1e3);
        raw.push(world.raw.send().await? * 1e3);
    }
    let (whole, raw) = (median(whole), median(raw));
    let name = "latency from notice to event, at the median (raw send)";
    figures.add(name, (whole, "ms"), Some(raw), Target::None);
    let name = "added latency at the median";
    figures.add(name, (whole - raw, "ms"), None, Target::AtMost(30.0));
    Ok(())
}

async fn observe(testbed: &Testbed) -> Result<Session<TcpStream>> {
    let stream = TcpStream::connect(("127.0.0.1", testbed.dovecot.imap)).await?;
    let mut client = async_imap::Client::new(stream);
    client.read_response().await?.context("no greeting")?;
    let login = client.login(AGENCY.user, AGENCY.password).await;
    let mut session = login.map_err(|(error, _)| error)?;
    session.examine("INBOX").await?;
    Ok(session)
}
