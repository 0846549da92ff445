//! The worker: the pieces put together.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use viadukt_api::{
    Address, BlobRef, BuildError, Content, Context, Cost, DeliveryError, Health, Hooks, Inbox,
    Message, MessageId, Outbound, Patience, Probe, Raw, Reason, Receipt, Section, Target,
    Unreadable, Words, Worker, WorkerError, async_trait,
};

use crate::compose::Composer;
use crate::config::{Options, SmsSection, Way};
use crate::normalise::{self, Reader};
use crate::number::{Party, Unfit};
use crate::outgoing::Outgoing;
use crate::transport::Transport;

/// Our numbers behind one gateway, at work.
pub(crate) struct SmsWorker {
    options: Options,
    transport: Arc<dyn Transport>,
    reader: Reader,
    composer: Composer,
}

#[async_trait]
impl Section for SmsSection {
    async fn build(&self, context: Context) -> Result<Arc<dyn Worker>, BuildError> {
        let words = Arc::clone(&context.words);
        let transport = self.way.build(context)?;
        Ok(Arc::new(SmsWorker::new(self.options.clone(), transport, &words)))
    }

    fn is_called(&self) -> bool {
        match &self.way {
            Way::Smpp(_) => false,
            Way::Http(section) => section.is_called(),
        }
    }
}

impl SmsWorker {
    pub(crate) fn new(options: Options, transport: Arc<dyn Transport>, words: &Arc<Words>) -> Self {
        Self {
            transport,
            reader: Reader::new(&options, Arc::clone(words)),
            composer: Composer::new(&options, Arc::clone(words)),
            options,
        }
    }

    /// The one of our own that `via` names; the usual one when that is not ours any more.
    fn own(&self, via: Option<&Address>) -> &Party {
        let named =
            via.and_then(|via| self.options.own.iter().find(|own| own.as_str() == via.as_str()));
        named.unwrap_or(&self.options.usual)
    }

    fn outgoing(&self, out: &Outbound) -> Result<Outgoing, Reason> {
        let Target::Remote { recipient, via, message_id, .. } = &out.target else {
            return Err(Reason::new("sms-no-recipient"));
        };
        let sms = self.composer.form(recipient, &out.form)?;
        Ok(Outgoing {
            id: out.id,
            reference: message_id.as_str().to_owned(),
            to: sms.to.as_str().to_owned(),
            from: self.own(via.as_ref()).as_str().to_owned(),
            text: sms.text,
            validity: self.options.validity,
            repeated: out.repeated,
        })
    }
}

#[async_trait]
impl Worker for SmsWorker {
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        self.transport.run(inbox, stop).await
    }

    fn normalise(&self, raw: &Raw) -> Result<Message, Unreadable> {
        self.reader.read(raw)
    }

    async fn ready(&self) -> Result<(), DeliveryError> {
        self.transport.ready().await
    }

    async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        let sms = self.outgoing(out).map_err(DeliveryError::refused)?;
        self.transport.send(&sms).await
    }

    async fn fetch(&self, _: &str) -> Result<BlobRef, DeliveryError> {
        Err(DeliveryError::refused(Reason::new("sms-not-fetched")))
    }

    async fn probe(&self) -> Vec<Probe> {
        self.transport.probe().await
    }

    fn health(&self) -> Health {
        self.transport.health()
    }

    fn recipient(&self, written: &str) -> Result<Address, Reason> {
        let reason = |key: &str| Reason::new(key).with("written", written.trim());
        match Party::of_person(written, self.options.region) {
            Ok(party) => Ok(party.address()),
            Err(Unfit::NoNumber) => Err(reason("sms-no-number")),
            Err(Unfit::NotAssigned) => Err(reason("sms-number-unassigned")),
            Err(Unfit::ReceivesNone) => Err(reason("sms-number-receives-none")),
        }
    }

    fn exchange(&self, via: Option<&Address>, party: &Address) -> Option<MessageId> {
        Some(normalise::exchange(self.own(via).as_str(), party.as_str()))
    }

    fn measure(&self, to: &Address, content: &Content) -> Result<Cost, Reason> {
        let parts = self.composer.content(to, content)?.parts;
        let shown = (parts > 1).then(|| Reason::new("sms-cost").with("count", parts.to_string()));
        Ok(Cost { units: parts.into(), shown })
    }

    fn verb(&self) -> &'static str {
        "sms"
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        self.transport.hooks()
    }

    fn idempotent(&self, _: Option<&Address>) -> bool {
        self.transport.idempotent()
    }

    fn parallel(&self) -> usize {
        self.transport.parallel()
    }

    fn patience(&self) -> Patience {
        self.options.patience.clone()
    }
}
