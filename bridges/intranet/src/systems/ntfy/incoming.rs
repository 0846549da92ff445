//! Listening to topics of an ntfy server (ntfy's documentation, "Subscribe via API", "JSON
//! stream"): one long answer, a JSON object to a line. After a pause it goes on behind the last
//! message that was accepted; a server keeps messages for twelve hours, unless told otherwise.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use tokio::select;
use tokio_util::sync::CancellationToken;
use url::Url;
use viadukt_api::client::{Client, Request, Stream, retry_after};
use viadukt_api::config::Fields;
use viadukt_api::{
    AcceptError, BuildError, Context, Health, Inbox, Intake, Protection, Reason, Severity,
    Timestamp, Unreadable, WorkerError, async_trait,
};

use crate::client::{Reach, below};
use crate::listening::{Standing, pause};
use crate::login::Login;
use crate::markup;
use crate::notice::Notice;
use crate::received::Received;
use crate::system::Listens;

/// A server says at least that it is there every 45 seconds (`keepalive-interval`), if its
/// operator has not changed that much.
const SILENCE: Duration = Duration::from_secs(150);
/// No line is longer; ntfy's messages have 4,096 bytes.
const LONGEST_LINE: usize = 256 << 10;

/// The options of the listening side.
pub(super) struct IncomingTable {
    url: Url,
    reach: Reach,
    login: Login,
}

/// The listening side of a system.
pub(super) struct Incoming {
    name: String,
    url: Url,
    client: Client,
    login: Option<HeaderValue>,
    standing: Standing,
    context: Context,
}

/// Why a stream is not gone on with.
enum End {
    /// It may go on later, not before this time if the server named one.
    Away(&'static str, Option<Duration>),
    Refused,
    Accept(AcceptError),
}

impl From<AcceptError> for End {
    fn from(error: AcceptError) -> Self {
        Self::Accept(error)
    }
}

impl IncomingTable {
    pub(super) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let reach = Reach::parse(fields);
        let url = reach.url(fields, "url");
        let login = Login::parse(fields, "");
        let topics = fields.required_list::<String>("subscribe")?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !topics.iter().all(|topic| (1..=64).contains(&topic.len()) && topic.bytes().all(fits)) {
            fields.object("subscribe", "expected topics of letters, digits, hyphens, underscores");
        }
        let url = below(&url?, &[&topics.join(","), "json"]);
        Some(Self { url, reach, login })
    }

    pub(super) fn build(&self, name: &str, context: &Context) -> Result<Incoming, BuildError> {
        Ok(Incoming {
            name: name.to_owned(),
            url: self.url.clone(),
            client: self.reach.client(context)?,
            login: self.login.header(context)?,
            standing: Standing::not_yet("not connected yet"),
            context: context.clone(),
        })
    }
}

#[async_trait]
impl Listens for Incoming {
    async fn run(&self, inbox: &Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        let mut failures = 0;
        loop {
            let (why, after) = match self.listen(inbox, &stop, &mut failures).await {
                Ok(()) => return Ok(()),
                Err(End::Away(why, after)) => (why.to_owned(), after),
                Err(End::Accept(AcceptError::Full(why))) => (why, None),
                Err(End::Accept(error)) => return Err(error.into()),
                Err(End::Refused) => {
                    return Err(WorkerError::Shut {
                        worker: self.context.name.clone(),
                        what: format!("system {}: the server refuses the login", self.name),
                        remedy: "set a token, or user and password, that may read the topics"
                            .to_owned(),
                    });
                }
            };
            tracing::warn!(worker = %self.context.name, system = self.name, why, "ntfy");
            self.standing.set(Health::Down(why));
            if !pause(&self.context.env, failures, after, &stop).await {
                return Ok(());
            }
            failures += 1;
        }
    }

    fn health(&self) -> Health {
        self.standing.health()
    }
}

impl Incoming {
    /// Takes in what comes until `stop` fires.
    async fn listen(
        &self,
        inbox: &Inbox,
        stop: &CancellationToken,
        failures: &mut usize,
    ) -> Result<(), End> {
        let since = self.since().await?;
        let mut stream = select! {
            () = stop.cancelled() => return Ok(()),
            stream = self.open(&since) => stream?,
        };
        *failures = 0;
        self.standing.set(Health::Up);
        let mut lines = Lines::default();
        loop {
            let piece = select! {
                () = stop.cancelled() => return Ok(()),
                piece = stream.piece(SILENCE) => piece,
            };
            let piece = piece.map_err(|_| End::Away("the server has fallen silent", None))?;
            let piece = piece.ok_or(End::Away("the server ended the stream", None))?;
            let received: Vec<_> =
                lines.push(&piece).iter().filter_map(|line| self.received(line)).collect();
            if let Some(last) = received.last() {
                let keep = vec![(self.key(), Some(last.id.clone().into_bytes()))];
                let items = received.into_iter().map(Received::into_item).collect();
                inbox.accept(Intake { items, keep }).await?;
            }
        }
    }

    /// The last message's id; on the first day the time, so that from then on nothing is lost.
    async fn since(&self) -> Result<String, AcceptError> {
        if let Some(kept) = self.context.keep.get(&self.key())? {
            return Ok(String::from_utf8_lossy(&kept).into_owned());
        }
        let now = (self.context.env.now().0 / 1_000).to_string();
        self.context.keep.put(&self.key(), Some(now.clone().into_bytes())).await?;
        Ok(now)
    }

    async fn open(&self, since: &str) -> Result<Stream, End> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("since", since);
        let mut request = Request::get(url);
        request.headers.extend(self.login.clone().map(|login| (AUTHORIZATION, login)));
        let stream = self.client.open(request).await;
        let stream = stream.map_err(|_| End::Away("the server cannot be reached", None))?;
        match stream.status {
            StatusCode::OK => Ok(stream),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(End::Refused),
            StatusCode::TOO_MANY_REQUESTS => {
                let after = retry_after(&stream.headers, self.context.env.now());
                Err(End::Away("the server wants us to wait", after))
            }
            _ => Err(End::Away("the server does not answer as ntfy does", None)),
        }
    }

    /// A line as an item, if it is a message.
    fn received(&self, line: &[u8]) -> Option<Received> {
        let said: Said = serde_json::from_slice(line).ok()?;
        (said.event == "message" && !said.id.is_empty()).then(|| Received {
            system: self.name.clone(),
            id: said.id,
            at: self.context.env.now(),
            beside: Vec::new(),
            protection: Protection::of_scheme(self.url.scheme()),
            body: line.to_vec().into(),
        })
    }

    fn key(&self) -> String {
        format!("{}/ntfy/last", self.name)
    }
}

/// Pieces as they come, and the lines that they make; one that is too long is left out.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    is_too_long: bool,
}

impl Lines {
    fn push(&mut self, piece: &[u8]) -> Vec<Vec<u8>> {
        let mut whole = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.is_too_long |= self.rest.len() + part.len() > LONGEST_LINE;
            if self.is_too_long {
                self.rest.clear();
            } else {
                self.rest.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.rest);
                if !std::mem::take(&mut self.is_too_long) {
                    whole.push(line);
                }
            }
        }
        whole
    }
}

/// A line of the stream.
#[derive(Deserialize)]
struct Said {
    event: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    time: u64,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    message: String,
    title: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    priority: Option<u8>,
    click: Option<String>,
    content_type: Option<String>,
    attachment: Option<Link>,
    #[serde(default)]
    actions: Vec<Link>,
}

/// An attachment, or a button that opens an address.
#[derive(Deserialize)]
struct Link {
    #[serde(alias = "label")]
    name: Option<String>,
    url: Option<String>,
}

/// What a message says. Attachments stay where they are: their addresses are shown.
pub(super) fn read(received: &Received) -> Result<Notice, Unreadable> {
    let unreadable = |_| Unreadable { reason: Reason::new("intranet-unreadable") };
    let said: Said = serde_json::from_slice(&received.body).map_err(unreadable)?;
    let mut lines: Vec<String> = said.title.into_iter().collect();
    lines.push(said.message);
    let links = said.attachment.into_iter().chain(said.actions);
    lines.extend(links.filter_map(|link| {
        let url = link.url?;
        Some(link.name.map_or_else(|| url.clone(), |name| format!("{name}: {url}")))
    }));
    lines.extend(said.click);
    if !said.tags.is_empty() {
        lines.push(format!("#{}", said.tags.join(" #")));
    }
    lines.retain(|line| !line.trim().is_empty());
    let content = match said.content_type.as_deref() {
        Some("text/markdown") => markup::from_markdown(&lines.join("\n\n")),
        _ => markup::from_text(&lines.join("\n")),
    };
    let severity = match said.priority.unwrap_or(3) {
        5.. => Severity::Critical,
        4 => Severity::Warning,
        _ => Severity::Info,
    };
    Ok(Notice {
        at: (said.time > 0).then(|| Timestamp(said.time.saturating_mul(1_000))),
        stream: Some(said.topic).filter(|topic| !topic.is_empty()),
        content,
        severity: Some(severity),
        ..Notice::default()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_not_too_long() {
        let mut lines = Lines::default();
        assert!(lines.push(b"{\"a\":").is_empty());
        assert_eq!(lines.push(b"1}\n{}\n{"), [&b"{\"a\":1}\n"[..], b"{}\n"]);
        assert!(lines.push(&vec![b'x'; LONGEST_LINE]).is_empty());
        assert_eq!(lines.push(b"y\n{}\n"), [b"{}\n"]);
    }

    /// The example of ntfy's documentation, "JSON message format".
    #[test]
    fn a_message_says_everything_that_it_carries() {
        let body = r#"{"id":"sPs71M8A2T","time":1643935928,"event":"message","topic":"mytopic",
            "priority":5,"tags":["warning","skull"],"click":"https://homecam.mynet.lan/i/1",
            "attachment":{"name":"camera.jpg","type":"image/png","size":33848,
            "url":"https://ntfy.sh/file/sPs71M8A2T.png"},"title":"Unauthorized access detected",
            "message":"Movement detected in the yard."}"#;
        let received = Received {
            system: "push".to_owned(),
            id: "sPs71M8A2T".to_owned(),
            at: Timestamp(7),
            beside: Vec::new(),
            protection: Protection::TLS,
            body: body.as_bytes().to_vec().into(),
        };
        let notice = read(&received).unwrap();
        assert_eq!(
            notice.content.text,
            "Unauthorized access detected\nMovement detected in the yard.\n\
             camera.jpg: https://ntfy.sh/file/sPs71M8A2T.png\nhttps://homecam.mynet.lan/i/1\n\
             #warning #skull"
        );
        assert_eq!(notice.severity, Some(Severity::Critical));
        assert_eq!(notice.stream.as_deref(), Some("mytopic"));
        assert_eq!(notice.at, Some(Timestamp(1_643_935_928_000)));
    }
}
