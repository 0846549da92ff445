//! A mailbox on real servers, and a citizen who writes to it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use viadukt_api::contract::{Bench, FarSide, Memory, Taken, context, section};
use viadukt_api::{
    Address, Content, DeliveryId, Form, MessageId, Outbound, Sender, Target, Timestamp, WorkerName,
    async_trait,
};
use viadukt_email::Email;
use viadukt_testservers::{Authority, Dovecot, Postfix};

pub const MAILBOX: &str = "buero@amt.example";
pub const CITIZEN: &str = "bob@citizen.example";

/// Both servers. The mailbox is the bridge's, the citizen's mail is read from disk.
pub struct Servers {
    pub authority: Authority,
    pub dovecot: Mutex<Dovecot>,
    pub postfix: Mutex<Postfix>,
}

impl Servers {
    pub async fn start() -> Arc<Self> {
        let authority = Authority::new().unwrap();
        let accounts = [(MAILBOX, "geheim"), (CITIZEN, "geheim")];
        let dovecot = Dovecot::start(&authority, &accounts).await.unwrap();
        let postfix = Postfix::start(&authority, &dovecot).await.unwrap();
        std::fs::write(authority.folder().join("password"), "geheim\n").unwrap();
        Arc::new(Self { authority, dovecot: Mutex::new(dovecot), postfix: Mutex::new(postfix) })
    }

    /// A bridge for the mailbox, with more options: general ones, and those of each table, of
    /// which `smtp` may replace the usual ones.
    pub async fn bench_with(self: &Arc<Self>, general: &str, imap: &str, smtp: &str) -> Bench {
        let (dovecot, postfix) = (self.dovecot.lock().await, self.postfix.lock().await);
        // Options of the test stand for the usual ones of the same name.
        let usual = [("host", "'localhost'".to_owned()), ("port", postfix.smtps.to_string())];
        let usual = usual.iter().filter(|(key, _)| !smtp.contains(&format!("{key} =")));
        let usual: String = usual.map(|(key, value)| format!("{key} = {value}\n")).collect();
        let toml = format!(
            "address = '{MAILBOX}'
            name = 'Bürgerbüro'
            {general}
            [imap]
            host = 'localhost'
            port = {}
            user = '{MAILBOX}'
            password_file = '{password}'
            ca_file = '{ca}'
            {imap}
            [smtp]
            {usual}
            user = '{MAILBOX}'
            password_file = '{password}'
            ca_file = '{ca}'
            {smtp}",
            dovecot.imaps,
            password = self.authority.folder().join("password").display(),
            ca = self.authority.ca_file().display(),
        );
        drop((dovecot, postfix));
        let name: WorkerName = "post".parse().unwrap();
        let durable = Arc::<Memory>::default();
        let section = section(&Email, &name, &toml);
        let context = context(&name, &durable);
        let spool = Arc::clone(&context.spool);
        let worker = section.build(context).await.unwrap();
        Bench { worker, durable, spool, name, far: Arc::clone(self) as Arc<dyn FarSide> }
    }

    /// Sends `mail` to the mailbox and waits until it is there.
    pub async fn send(&self, mail: &str) {
        let before = self.count(MAILBOX).await;
        let port = self.postfix.lock().await.smtp;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        lines.next_line().await.unwrap().unwrap();
        let (from, to) = (format!("MAIL FROM:<{CITIZEN}>"), format!("RCPT TO:<{MAILBOX}>"));
        let data = format!("{mail}\r\n.");
        for command in ["HELO citizen.example", &from, &to, "DATA", &data] {
            write.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
            let reply = lines.next_line().await.unwrap().unwrap();
            assert!(reply.starts_with(['2', '3']), "{command}: {reply}");
        }
        let there = || async { self.count(MAILBOX).await > before };
        viadukt_api::contract::eventually("the mail is in the mailbox", there).await;
    }

    /// Waits until `user`'s INBOX is empty.
    pub async fn wait_empty(&self, user: &str) {
        let empty = || async { self.count(user).await == 0 };
        viadukt_api::contract::eventually("the mailbox is empty", empty).await;
    }

    async fn count(&self, user: &str) -> usize {
        self.files(user).await.len()
    }

    async fn files(&self, user: &str) -> Vec<std::path::PathBuf> {
        let mailbox = self.dovecot.lock().await.mailbox(user);
        let folders = ["new", "cur"].map(|folder| std::fs::read_dir(mailbox.join(folder)));
        let files = folders.into_iter().flatten().flatten().flatten();
        let mut files: Vec<_> = files.map(|entry| entry.path()).collect();
        files.sort();
        files
    }

    /// The citizen's mails as they are.
    pub async fn received(&self) -> Vec<Vec<u8>> {
        let files = self.files(CITIZEN).await;
        files.iter().map(|path| std::fs::read(path).unwrap()).collect()
    }
}

#[async_trait]
impl FarSide for Servers {
    async fn put(&self, text: &str) {
        let id = text.replace(' ', ".");
        self.send(&format!(
            "From: Bob <{CITIZEN}>\r\nTo: {MAILBOX}\r\nSubject: Test\r\n\
             Message-ID: <{id}@citizen.example>\r\n\r\n{text}"
        ))
        .await;
    }

    async fn put_poison(&self) -> bool {
        self.send("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\u{0}\r\n--x").await;
        true
    }

    async fn taken(&self) -> Vec<Taken> {
        let mails = self.received().await;
        let parsed = mails.iter().map(|mail| mail_parser::MessageParser::default().parse(mail));
        parsed
            .flatten()
            .map(|mail| Taken {
                id: mail.message_id().map(str::to_owned),
                text: mail.body_text(0).unwrap_or_default().into_owned(),
            })
            .collect()
    }

    async fn outage(&self, on: bool) {
        let (mut dovecot, mut postfix) = (self.dovecot.lock().await, self.postfix.lock().await);
        if on {
            dovecot.pause();
            postfix.pause();
        } else {
            dovecot.resume().await.unwrap();
            postfix.resume().await.unwrap();
        }
    }

    fn outbound(&self, id: DeliveryId, text: &str) -> Outbound {
        Outbound {
            id,
            accepted_at: Timestamp(1_790_000_000_000),
            repeated: false,
            target: Target::Remote {
                via: None,
                recipient: Address::new(CITIZEN),
                to: vec![Address::new(CITIZEN)],
                cc: Vec::new(),
                subject: Some("Ihre Anfrage".to_owned()),
                message_id: MessageId::new(format!("{id}@amt.example")),
                references: vec![MessageId::new("frage@citizen.example")],
            },
            form: Form::Say {
                sender: Sender {
                    address: Address::new("@alice:amt.example"),
                    name: Some("Alice Größe".to_owned()),
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
