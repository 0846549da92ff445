//! A bridge of ours behind an SMS centre that is not ours.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use tokio::sync::Mutex;
use viadukt_api::contract::{
    Bench, FarSide, Memory, Taken, context, delivery_id, eventually, section,
};
use viadukt_api::{
    Address, Content, DeliveryError, DeliveryId, Form, Health, MessageId, Outbound, Receipt,
    Sender, State, Target, Timestamp, Worker, WorkerName, async_trait,
};
use viadukt_sms::Sms;
use viadukt_testservers::smsc::{Behaviour, Sms as Text, Submitted};
use viadukt_testservers::{Authority, Smsc};

/// Our number, and a citizen's.
pub const OURS: &str = "+4915112345678";
pub const CITIZEN: &str = "+491701234567";

/// The SMS centre.
pub struct Centre {
    pub smsc: Smsc,
    authority: Authority,
    away: Mutex<bool>,
    next: AtomicU64,
    bridges: std::sync::Mutex<Vec<Weak<dyn Worker>>>,
}

impl Centre {
    pub async fn start() -> Arc<Self> {
        let authority = Authority::new().unwrap();
        let smsc = Smsc::start(&authority).await.unwrap();
        std::fs::write(authority.folder().join("password"), Smsc::PASSWORD).unwrap();
        let (away, next, bridges) = (Mutex::new(false), AtomicU64::new(100), Default::default());
        Arc::new(Self { smsc, authority, away, next, bridges })
    }

    /// A bridge with more options in its table `smpp`, which may replace the usual ones.
    pub async fn bench(self: &Arc<Self>, options: &str) -> Bench {
        self.bench_over(options, &Arc::default()).await
    }

    /// The same on a memory that is there already.
    pub async fn bench_over(self: &Arc<Self>, options: &str, durable: &Arc<Memory>) -> Bench {
        let password = self.authority.folder().join("password");
        let usual = [
            ("tls", "'none'".to_owned()),
            ("port", self.smsc.port.to_string()),
            ("enquire_link", "'1s'".to_owned()),
            ("response_timeout", "'1s'".to_owned()),
            ("reconnect", "['1s']".to_owned()),
            ("password_file", format!("'{}'", password.display())),
        ];
        let usual = usual.iter().filter(|(key, _)| !options.contains(&format!("{key} =")));
        let usual: String = usual.map(|(key, value)| format!("{key} = {value}\n")).collect();
        let toml = format!(
            "numbers = ['{OURS}']
            prefixes = ['+49']
            max_parts = 20
            [smpp]
            host = '127.0.0.1'
            system_id = 'amt'
            {usual}
            {options}"
        );
        let name: WorkerName = "handy".parse().unwrap();
        let section = section(&Sms, &name, &toml);
        let context = context(&name, durable);
        let spool = Arc::clone(&context.spool);
        let worker = section.build(context).await.unwrap();
        self.bridges.lock().unwrap().push(Arc::downgrade(&worker));
        let far = Arc::clone(self) as Arc<dyn FarSide>;
        Bench { worker, durable: Arc::clone(durable), spool, name, far }
    }

    /// The options for TLS.
    pub fn tls(&self) -> String {
        let ca = self.authority.ca_file();
        let host = "tls = 'implicit'";
        format!("{host}\nport = {}\nca_file = '{}'", self.smsc.tls, ca.display())
    }

    pub async fn behave(&self, behaviour: Behaviour) {
        self.smsc.behave(&behaviour).await.unwrap();
    }

    /// Delivers `text` to the citizen.
    pub async fn send(&self, bench: &Bench, text: &str) -> Result<Receipt, DeliveryError> {
        let id = delivery_id(self.next.fetch_add(1, Ordering::Relaxed));
        bench.worker.deliver(&self.outbound(id, text)).await
    }

    /// Brings `text` from the citizen's phone.
    pub async fn write(&self, sms: Text<'_>) {
        let sms = Text { from: CITIZEN, to: OURS, ..sms };
        self.smsc.deliver(&sms).await.unwrap();
    }

    pub async fn count(&self, what: &str) -> u64 {
        self.smsc.counts().await.unwrap().get(what).copied().unwrap_or_default()
    }

    /// Waits until the centre counts at least `count` of something.
    pub async fn wait_count(&self, what: &str, count: u64) {
        eventually(what, || async { self.count(what).await >= count }).await;
    }

    /// Waits until no bridge has a connection left. What is submitted before that may have
    /// arrived for all that a bridge can know.
    async fn wait_until_noticed(&self) {
        let bridges: Vec<_> =
            self.bridges.lock().unwrap().iter().filter_map(Weak::upgrade).collect();
        for bridge in bridges {
            eventually("the outage is noticed", || async {
                matches!(bridge.health(), Health::Down(why) if why.starts_with("0 of "))
            })
            .await;
        }
    }

    /// The texts of the messages that it took and has whole.
    pub async fn texts(&self) -> Vec<String> {
        let messages = self.smsc.messages().await.unwrap();
        messages.iter().filter_map(Submitted::text).collect()
    }
}

/// What the network reported so far: the id and the state.
pub fn reports(bench: &Bench) -> Vec<(String, State)> {
    let items = bench.durable.items().into_iter();
    let messages = items.filter_map(|item| bench.worker.normalise(&item.raw).ok());
    let reports = messages.filter_map(|message| match message.act {
        viadukt_api::Act::Report { of, state } => Some((of.as_str().to_owned(), state)),
        _ => None,
    });
    reports.collect()
}

/// The ids of a receipt.
pub fn ids(receipt: &Receipt) -> Vec<String> {
    receipt.id.iter().chain(&receipt.more).map(|id| id.as_str().to_owned()).collect()
}

#[async_trait]
impl FarSide for Centre {
    async fn put(&self, text: &str) {
        let before = self.count("offered").await;
        self.write(Text { text, ..Default::default() }).await;
        // While no bridge is there, it waits.
        if self.count("sessions").await > 0 {
            self.wait_count("offered", before + 1).await;
        }
    }

    async fn put_poison(&self) -> bool {
        self.write(Text { binary: Some("00ff00"), ..Default::default() }).await;
        true
    }

    async fn taken(&self) -> Vec<Taken> {
        let messages = self.smsc.messages().await.unwrap().into_iter();
        let taken = messages.filter_map(|message| {
            let id = message.parts.first().map(|part| part.id.clone());
            Some(Taken { id, text: message.text()? })
        });
        taken.collect()
    }

    async fn outage(&self, on: bool) {
        let mut away = self.away.lock().await;
        match (on, *away) {
            (true, false) => {
                self.smsc.pause().await.unwrap();
                self.wait_until_noticed().await;
            }
            (false, true) => self.smsc.resume().await.unwrap(),
            _ => {}
        }
        *away = on;
    }

    fn outbound(&self, id: DeliveryId, text: &str) -> Outbound {
        Outbound {
            id,
            accepted_at: Timestamp(1_790_000_000_000),
            repeated: false,
            target: Target::Remote {
                recipient: Address::new(CITIZEN),
                to: vec![Address::new(CITIZEN)],
                cc: Vec::new(),
                via: None,
                subject: None,
                message_id: MessageId::new(format!("token-{id}")),
                references: Vec::new(),
            },
            form: Form::Say {
                sender: Sender {
                    address: Address::new("@alice:amt.example"),
                    name: None,
                    power: None,
                },
                content: Content { text: text.to_owned(), ..Content::default() },
                subject: None,
                correction: false,
                automatic: false,
                mentions: Vec::new(),
            },
        }
    }
}
