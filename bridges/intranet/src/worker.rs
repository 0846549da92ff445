//! The worker: a bridge's systems put together.

use futures_util::future::{join_all, try_join, try_join_all};
use tokio_util::sync::CancellationToken;
use viadukt_api::{
    Address, BlobRef, Content, Context, Cost, Deed, DeliveryError, Form, Health, Hooks, Inbox,
    Level, Message, MessageId, Outbound, Patience, Probe, Raw, Reason, Receipt, Target, Timestamp,
    Unreadable, Worker, WorkerError, async_trait,
};

use crate::address::Party;
use crate::notice::{Manner, exchange};
use crate::reader::Reader;
use crate::received::Received;
use crate::system::{Asked, Outgoing, System, Takes};

/// The systems of one bridge, at work.
pub(crate) struct IntranetWorker {
    systems: Vec<(Manner, Box<dyn System>)>,
    patience: Patience,
    deeds: Vec<Deed>,
    pub(crate) context: Context,
}

impl IntranetWorker {
    pub(crate) fn new(
        systems: Vec<(Manner, Box<dyn System>)>,
        patience: Patience,
        context: Context,
    ) -> Self {
        let mut deeds: Vec<Deed> = Vec::new();
        for deed in systems.iter().flat_map(|(_, system)| system.deeds()) {
            if !deeds.contains(deed) {
                deeds.push(deed.clone());
            }
        }
        Self { systems, patience, deeds, context }
    }

    /// The system called `name`.
    pub(crate) fn system(&self, name: &str) -> Option<&dyn System> {
        self.find(name).map(|(_, system)| system.as_ref())
    }

    fn find(&self, name: &str) -> Option<&(Manner, Box<dyn System>)> {
        self.systems.iter().find(|(manner, _)| manner.name == name)
    }

    /// Brings in what we listen to until `stop` fires or the system's time is over.
    async fn bring(
        &self,
        system: &dyn System,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Result<(), WorkerError> {
        let over = stop.child_token();
        let watching = async {
            if let Some(reader) = system.reader()
                && let Some(expiry) = reader.expiry()
            {
                reader.watch_expiry(expiry, &self.context.env, inbox, stop).await?;
                over.cancel();
            }
            Ok(())
        };
        let listening = async {
            match system.listens() {
                Some(listens) if !is_over(system, self.context.env.now()) => {
                    listens.run(inbox, over.clone()).await
                }
                _ => Ok(()),
            }
        };
        try_join(watching, listening).await.map(drop)
    }

    /// What takes messages for `party`, or why nothing does.
    fn takes(&self, party: Party<'_>) -> Result<&dyn Takes, Reason> {
        let reason = |key: &str| Reason::new(key).with("system", party.system);
        let system = self.system(party.system).ok_or_else(|| reason("intranet-no-system"))?;
        let takes = system.takes().ok_or_else(|| reason("intranet-takes-nothing"))?;
        takes.party(party.behind)?;
        Ok(takes)
    }
}

/// Whether nothing is taken from `system` any more.
fn is_over(system: &dyn System, now: Timestamp) -> bool {
    let expiry = system.reader().and_then(Reader::expiry);
    expiry.is_some_and(|expiry| expiry.is_over(now))
}

#[async_trait]
impl Worker for IntranetWorker {
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        let bringing = self.systems.iter().map(|(_, system)| self.bring(&**system, &inbox, &stop));
        try_join_all(bringing).await?;
        stop.cancelled().await;
        Ok(())
    }

    fn normalise(&self, raw: &Raw) -> Result<Message, Unreadable> {
        let unreadable = |key: &str| Unreadable { reason: Reason::new(key) };
        let received = Received::from_raw(raw).ok_or_else(|| unreadable("intranet-unreadable"))?;
        let found = self.find(&received.system);
        let (manner, system) = found.ok_or_else(|| unreadable("intranet-system-gone"))?;
        let reader = system.reader().ok_or_else(|| unreadable("intranet-brings-nothing"))?;
        Ok(reader.read(&received)?.into_message(&received, manner))
    }

    async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        let refused = |key: &str| DeliveryError::refused(Reason::new(key));
        let Target::Remote { recipient, message_id, .. } = &out.target else {
            return Err(refused("intranet-no-recipient"));
        };
        let party = Party::read(recipient.as_str());
        match &out.form {
            Form::Say { sender, content, correction, .. } => {
                let outgoing = Outgoing {
                    id: message_id.as_str(),
                    accepted_at: out.accepted_at,
                    repeated: out.repeated,
                    behind: party.behind,
                    sender,
                    content,
                    correction: *correction,
                };
                self.takes(party).map_err(DeliveryError::refused)?.send(&outgoing).await
            }
            Form::Deed { word, rest, sender, matter } => {
                let asked = Asked {
                    id: message_id.as_str(),
                    asked_at: out.accepted_at,
                    word,
                    rest,
                    sender,
                    matter,
                };
                let system = self.system(party.system);
                let takes = system.and_then(|system| system.takes());
                takes.ok_or_else(|| refused("intranet-no-deed"))?.act(&asked).await
            }
            Form::Edit { .. } | Form::Notice { .. } | Form::Status { .. } | Form::Join => {
                Err(refused("intranet-takes-no-such-thing"))
            }
        }
    }

    async fn fetch(&self, _: &str) -> Result<BlobRef, DeliveryError> {
        Err(DeliveryError::refused(Reason::new("intranet-not-fetched")))
    }

    async fn probe(&self) -> Vec<Probe> {
        let taking = self.systems.iter().filter_map(|(_, system)| system.takes());
        join_all(taking.map(|takes| takes.probe())).await.into_iter().flatten().collect()
    }

    fn health(&self) -> Health {
        let now = self.context.env.now();
        let open = self.systems.iter().filter(|(_, system)| !is_over(&**system, now));
        let mut listening = open.filter_map(|(manner, system)| {
            system.listens().map(|listens| (&manner.name, listens.health()))
        });
        listening
            .find_map(|(name, health)| match health {
                Health::Up => None,
                Health::Down(why) => Some(Health::Down(format!("{name}: {why}"))),
            })
            .unwrap_or(Health::Up)
    }

    fn recipient(&self, written: &str) -> Result<Address, Reason> {
        let party = Party::read(written);
        self.takes(party)?;
        Ok(party.address())
    }

    fn exchange(&self, _: Option<&Address>, party: &Address) -> Option<MessageId> {
        Some(exchange(party))
    }

    fn measure(&self, to: &Address, content: &Content) -> Result<Cost, Reason> {
        self.takes(Party::read(to.as_str()))?.fits(content)?;
        Ok(Cost::default())
    }

    fn idempotent(&self, recipient: Option<&Address>) -> bool {
        let party = recipient.map(|recipient| Party::read(recipient.as_str()));
        let system = party.and_then(|party| self.system(party.system));
        system.and_then(|system| system.takes()).is_some_and(|takes| takes.idempotent())
    }

    fn level(&self, to: &Address) -> Option<Level> {
        self.find(Party::read(to.as_str()).system)?.0.level
    }

    fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        self.systems.iter().any(|(_, system)| system.called().is_some()).then_some(self)
    }

    fn patience(&self) -> Patience {
        self.patience.clone()
    }
}
