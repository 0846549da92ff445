//! What tests of outgoing messages stand on: something said, a system from its table, and a
//! server that answers well, badly, late, too much, or not at all.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use viadukt_api::contract::{Memory, context, parse};
use viadukt_api::env::{Clock, Entropy};
use viadukt_api::{Address, Content, Context, Env, Sender, Timestamp};

use crate::system::{Declared, Outgoing, System};
use crate::systems::SYSTEMS;

/// Tue, 24 Nov 2026 12:00:00 GMT.
pub(crate) const NOON: Timestamp = Timestamp(1_795_521_600_000);

/// Something that a person says to a system.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) id: String,
    pub(crate) behind: Option<String>,
    pub(crate) sender: Sender,
    pub(crate) content: Content,
    pub(crate) correction: bool,
    pub(crate) repeated: bool,
}

impl Said {
    /// `text`, said by `name`.
    pub(crate) fn by(name: &str, said: &str) -> Self {
        let address = Address::new("@anna:amt.example");
        Self {
            id: "msg-7XKq2vT9mZa".to_owned(),
            behind: None,
            sender: Sender { address, name: Some(name.to_owned()), power: None },
            content: text(said),
            correction: false,
            repeated: false,
        }
    }

    /// The same for the party `behind` the system.
    pub(crate) fn to(mut self, behind: &str) -> Self {
        self.behind = Some(behind.to_owned());
        self
    }

    pub(crate) fn out(&self) -> Outgoing<'_> {
        Outgoing {
            id: &self.id,
            accepted_at: Timestamp(NOON.0 - 60_000),
            repeated: self.repeated,
            behind: self.behind.as_deref(),
            sender: &self.sender,
            content: &self.content,
            correction: self.correction,
        }
    }
}

pub(crate) fn text(text: impl Into<String>) -> Content {
    Content { text: text.into(), ..Content::default() }
}

/// A bridge's context at [`NOON`], for ever, where chance is zero.
pub(crate) fn noon() -> Context {
    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            NOON
        }
    }
    impl Entropy for Still {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
    let env = Env { clock: Arc::new(Still), entropy: Arc::new(Still) };
    Context { env, ..context(&"intranet".parse().unwrap(), &Arc::new(Memory::default())) }
}

/// What the table `toml` of a system declares, and what is wrong with it.
pub(crate) fn declared(toml: &str) -> (Option<Box<dyn Declared>>, Vec<String>) {
    parse(toml, "", |fields| {
        let speaks: String = fields.required("speaks")?;
        let kind = SYSTEMS.iter().find(|kind| kind.name == speaks)?;
        (kind.parse)(fields)
    })
}

/// The system `test` that `toml` describes; `{folder}` in it is `folder`.
pub(crate) fn system(toml: &str, folder: &Path, context: &Context) -> Box<dyn System> {
    let (declared, found) = declared(&toml.replace("{folder}", folder.to_str().unwrap()));
    assert!(found.is_empty(), "{found:?}");
    declared.unwrap().build("test", context).unwrap()
}

/// How a server answers one request.
#[derive(Clone)]
pub(crate) enum Does {
    /// With these bytes.
    Says(String),
    /// Not at all, until the other side leaves.
    Waits,
    /// It hangs up once it has heard everything.
    HangsUp,
    /// It talks without end.
    Floods,
}

impl Does {
    /// An answer with `status`, further header lines and a body.
    pub(crate) fn says(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Says(format!(
            "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }
}

/// A server on this machine. What it was asked is in [`StandIn::heard`], oldest first.
pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    pub(crate) serving: JoinHandle<()>,
}

impl StandIn {
    /// A server that does one after the other; the last one again and again.
    pub(crate) async fn new(does: &[Does]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, does, Arc::default())
    }

    pub(crate) fn on(listener: TcpListener, does: &[Does], heard: Arc<Mutex<Vec<String>>>) -> Self {
        let address = listener.local_addr().unwrap();
        let (mut does, hearing) = (does.to_vec(), Arc::clone(&heard));
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let next = if does.len() > 1 { does.remove(0) } else { does[0].clone() };
                serve(&mut stream, &next, &hearing).await;
            }
        });
        Self { address, heard, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked, with its own address as `HOST` and lines ended simply.
    pub(crate) fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let host = self.address.to_string();
        heard.iter().map(|one| one.replace(&host, "HOST").replace("\r\n", "\n")).collect()
    }
}

/// Hears one request and does what it is to do.
pub(crate) async fn serve(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    does: &Does,
    heard: &Mutex<Vec<String>>,
) {
    let Some(request) = hear(stream).await else { return };
    heard.lock().unwrap().push(request);
    match does {
        Does::Says(answer) => drop(stream.write_all(answer.as_bytes()).await),
        Does::Waits => drop(stream.read(&mut [0; 1]).await),
        Does::HangsUp => {}
        Does::Floods => {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
            stream.write_all(head).await.unwrap();
            let mut sent = 0;
            while sent < 10_000_000 && stream.write_all(&[b'x'; 65_536]).await.is_ok() {
                sent += 65_536;
            }
        }
    }
    let _gone = stream.shutdown().await;
}

async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut heard = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&heard);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        let mut piece = [0; 4_096];
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        heard.extend_from_slice(&piece[..length]);
    }
}
