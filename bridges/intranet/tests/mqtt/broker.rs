//! A bridge of ours at a broker that is not ours.

use std::sync::Arc;

use tokio::sync::Mutex;
use viadukt_api::contract::{Bench, FarSide, Memory, Taken, context, section};
use viadukt_api::{
    Address, Content, DeliveryId, Form, MessageId, Outbound, Sender, Target, Timestamp, async_trait,
};
use viadukt_intranet::Intranet;
use viadukt_testservers::mosquitto::Listener;
use viadukt_testservers::{Authority, Mosquitto};

/// The broker, and somebody else who listens there.
pub struct Broker {
    pub mosquitto: Mutex<Mosquitto>,
    pub authority: Authority,
    pub port: u16,
    pub tls: u16,
    listener: Listener,
}

impl Broker {
    pub async fn start() -> Arc<Self> {
        let authority = Authority::new().unwrap();
        std::fs::write(authority.folder().join("password"), Mosquitto::PASSWORD).unwrap();
        let mosquitto = Mosquitto::start(&authority).await.unwrap();
        let listener = mosquitto.listener("display/#").await.unwrap();
        let (port, tls) = (mosquitto.port, mosquitto.tls);
        Arc::new(Self { mosquitto: Mutex::new(mosquitto), authority, port, tls, listener })
    }

    /// A bridge with more options in its system `iot`, which may replace the usual ones.
    pub async fn bench(self: &Arc<Self>, options: &str, durable: &Arc<Memory>) -> Bench {
        let usual = [
            ("url", format!("'mqtt://127.0.0.1:{}'", self.port)),
            ("user", format!("'{}'", Mosquitto::USER)),
            ("password_file", self.file("password")),
            ("subscribe", "['door/#']".to_owned()),
            ("publish", "['display/#', 'forbidden/#']".to_owned()),
            ("keep_alive", "'5s'".to_owned()),
        ];
        let is_replaced = |key: &str| options.contains(&format!("{key} ="));
        let usual = usual.iter().filter(|(key, _)| !is_replaced(key));
        let usual: String = usual.map(|(key, value)| format!("{key} = {value}\n")).collect();
        let toml = format!("[systems.iot]\nspeaks = 'mqtt'\n{usual}{options}");
        let name = "haus".parse().unwrap();
        let section = section(&Intranet, &name, &toml);
        let context = context(&name, durable);
        let spool = Arc::clone(&context.spool);
        let worker = section.build(context).await.unwrap();
        let far = Arc::clone(self) as Arc<dyn FarSide>;
        Bench { worker, durable: Arc::clone(durable), spool, name, far }
    }

    /// The options for TLS with a certificate of our own.
    pub fn over_tls(&self) -> String {
        let authority = &self.authority;
        let options = [
            ("ca_file", authority.ca_file()),
            ("certificate_file", authority.certificate()),
            ("key_file", authority.key()),
        ];
        let options = options.map(|(key, file)| format!("{key} = '{}'\n", file.display()));
        format!("url = 'mqtts://localhost:{}'\n{}", self.tls, options.concat())
    }

    /// A file in the authority's folder, as the configuration names it.
    pub fn file(&self, name: &str) -> String {
        format!("'{}'", self.authority.folder().join(name).display())
    }

    pub async fn publish(&self, topic: &str, texts: &[&str]) {
        self.mosquitto.lock().await.publish(topic, texts).await.unwrap();
    }
}

/// A delivery of `text` to `recipient`.
pub fn outbound(id: DeliveryId, recipient: &str, text: &str) -> Outbound {
    let content = Content { text: text.to_owned(), ..Content::default() };
    let sender = Sender {
        address: Address::new("@clerk:amt.example"),
        name: Some("Frau Sommer".to_owned()),
        power: None,
    };
    Outbound {
        id,
        accepted_at: Timestamp(1_700_000_000_000),
        repeated: false,
        target: Target::Remote {
            recipient: Address::new(recipient),
            to: Vec::new(),
            cc: Vec::new(),
            via: None,
            subject: None,
            message_id: MessageId::new(format!("message-{id:?}")),
            references: Vec::new(),
        },
        form: Form::Say {
            sender,
            content,
            subject: None,
            correction: false,
            automatic: false,
            mentions: Vec::new(),
        },
    }
}

#[async_trait]
impl FarSide for Broker {
    async fn put(&self, text: &str) {
        self.publish("door/1", &[text]).await;
    }

    async fn put_poison(&self) -> bool {
        let mosquitto = self.mosquitto.lock().await;
        let file = self.authority.folder().join("poison");
        std::fs::write(&file, b"\xff\x00\xfe").unwrap();
        let file = file.display().to_string();
        mosquitto.publish_file("door/1", &file).await.unwrap();
        true
    }

    async fn taken(&self) -> Vec<Taken> {
        let heard = self.listener.heard().into_iter();
        heard.map(|(_, text)| Taken { id: None, text }).collect()
    }

    async fn outage(&self, on: bool) {
        let mut mosquitto = self.mosquitto.lock().await;
        match on {
            true => mosquitto.pause(),
            false => mosquitto.resume().await.unwrap(),
        }
    }

    fn outbound(&self, id: DeliveryId, text: &str) -> Outbound {
        outbound(id, "iot/display/1", text)
    }
}
