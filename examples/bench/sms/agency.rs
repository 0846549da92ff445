//! The agency's side: the bridge as a configuration makes it, and the clerks who answer.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Error, Result, bail};
use tokio::task::JoinSet;
use toml::de::DeTable;
use ulid::Ulid;
use viadukt::pipeline::Journal;
use viadukt_api::config::{Fields, Findings};
use viadukt_api::fake::{FakeWorker, message};
use viadukt_api::{
    Address, DeliveryId, Env, Form, ItemId, Kind, MessageId, Outbound, RoomId, Section, Target,
    Worker, WorkerName,
};
use viadukt_sms::Sms;
use viadukt_testbed::NUMBER;
use viadukt_testbed::servers::Smsc;

use crate::engine::{CLERK, Engine, accept};

const TEXT: &str = "Ihr Ausweis liegt ab morgen im Bürgerbüro bereit.";

/// An agency with an SMS bridge.
pub struct Agency {
    /// What it runs on.
    pub engine: Engine,
}

impl Agency {
    /// Opens it, with `window` submissions at a time.
    ///
    /// # Errors
    /// The store could not be opened.
    pub async fn open(folder: &Path, hub: FakeWorker, smsc: &Smsc, window: u32) -> Result<Self> {
        let password = folder.join("sms.password");
        std::fs::write(&password, Smsc::PASSWORD)?;
        let section = section(&format!(
            "numbers = [{NUMBER:?}]
            prefixes = ['+49']
            [smpp]
            host = '127.0.0.1'
            port = {port}
            tls = 'none'
            system_id = 'amt'
            password_file = {password:?}
            window = {window}",
            port = smsc.port,
        ))?;
        let build = async |context| Ok(section.build(context).await?);
        Ok(Self { engine: Engine::start(folder, &name()?, hub, build).await? })
    }

    /// Clerks write `each` answers in each of the `conversations` that the hub was shown first,
    /// side by side. Returns when all are accepted.
    ///
    /// # Errors
    /// The store failed.
    pub async fn answer(&self, conversations: u32, each: u32) -> Result<()> {
        let mut clerks = JoinSet::new();
        for conversation in 1..=conversations {
            clerks.spawn(clerk(Arc::clone(&self.engine.journal), conversation, each));
        }
        while let Some(wrote) = clerks.join_next().await {
            wrote??;
        }
        Ok(())
    }

    /// Has the bridge submit `count` messages, one after the other, and nothing else do anything.
    ///
    /// # Errors
    /// One was not taken.
    pub async fn submit(&self, count: u32) -> Result<()> {
        tokio::spawn(submit(Arc::clone(&self.engine.far), count)).await?
    }
}

/// On a thread of the runtime, as everything in viadukt.
async fn submit(far: Arc<dyn Worker>, count: u32) -> Result<()> {
    let to = Address::new("+491713920001");
    for number in 0..count {
        let item = ItemId(Ulid::from(u128::from(number)));
        let out = Outbound {
            id: DeliveryId { item, part: 0 },
            accepted_at: Env::system().now(),
            repeated: false,
            target: Target::Remote {
                recipient: to.clone(),
                to: vec![to.clone()],
                cc: Vec::new(),
                via: None,
                subject: None,
                message_id: MessageId::new(item.to_string()),
                references: Vec::new(),
            },
            form: Form::Notice { text: TEXT.to_owned() },
        };
        far.deliver(&out).await?;
    }
    Ok(())
}

/// Answers what the hub showed as its event number `conversation`.
async fn clerk(journal: Arc<Journal>, conversation: u32, answers: u32) -> Result<()> {
    let (hub, room) = (WorkerName::hub(), RoomId::new(format!("!{}", name()?)));
    for number in 0..answers {
        let mut answer = message(&format!("$answer{conversation}.{number}"), CLERK, TEXT);
        answer.room = Some(room.clone());
        answer.ancestors = vec![MessageId::new(format!("$event{conversation}"))];
        accept(&journal, &hub, &answer).await?;
    }
    Ok(())
}

fn name() -> Result<WorkerName> {
    "buergersms".parse().map_err(Error::msg)
}

fn section(toml: &str) -> Result<Box<dyn Section>> {
    let findings = Findings::default();
    let table = DeTable::parse(toml)?;
    let fields = Fields::new(table.get_ref(), table.span(), "", &findings);
    let section = Sms.parse(&name()?, &fields);
    fields.finish();
    match section {
        Some(section) => Ok(section),
        None => bail!("the bridge's options: {:?}", findings.into_sorted()),
    }
}
