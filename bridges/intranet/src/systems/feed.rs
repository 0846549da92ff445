//! RSS, Atom and JSON Feed: asked now and then, with no entry lost or replayed.
//!
//! What was seen stays known as long as the feed lists it and thirty days beyond ([`memory`]),
//! written in one transaction with the entries themselves. What a feed listed and dropped again
//! while it could not be reached is out of reach.

mod entry;
mod memory;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::time::Duration;

use http::header::{
    AUTHORIZATION, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use url::Url;
use viadukt_api::client::{Answer, Client, Request};
use viadukt_api::config::{ByteSize, Fields};
use viadukt_api::{
    AcceptError, BuildError, Context, Health, Inbox, Intake, Matter, MessageId, Protection, Reason,
    Unreadable, WorkerError, async_trait,
};

use self::entry::{Entry, Listed, digest};
use self::memory::{Memory, State};
use super::told;
use crate::client::Reach;
use crate::listening::Standing;
use crate::login::Login;
use crate::notice::Notice;
use crate::received::Received;
use crate::system::{Declared, Listens, System, SystemKind};

/// The line in [`crate::systems::SYSTEMS`].
pub(crate) const FEED: SystemKind = SystemKind { name: "feed", parse };

/// A feed that is broken for so long is told about.
const TELL_AFTER: Duration = Duration::from_secs(86_400);
/// No feed is left alone for longer, whatever it asks for.
const LONGEST: Duration = Duration::from_secs(86_400);
/// How many entries are accepted together.
const TOGETHER: usize = 64;
/// Beside a body: the entry's id, the same in all its versions.
const ENTRY: &str = "entry";

#[derive(Clone)]
struct Options {
    url: Url,
    reach: Reach,
    login: Login,
    interval: Duration,
    /// On the first day all that is listed is shown, and not only what comes after.
    all: bool,
    /// A changed entry changes its message.
    edits: bool,
    max_size: usize,
}

struct Feed {
    name: String,
    options: Options,
    login: Option<HeaderValue>,
    client: Client,
    memory: Memory,
    standing: Standing,
    context: Context,
}

fn parse(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    Options::parse(fields).map(|options| Box::new(options) as Box<dyn Declared>)
}

impl Options {
    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let reach = Reach::parse(fields);
        let url = reach.url(fields, "url");
        let login = Login::parse(fields, "");
        let interval = fields.or("interval", Duration::from_secs(600));
        if interval < Duration::from_secs(60) {
            fields.object("interval", "expected a time of at least \"1m\"");
        }
        let [all, edits] =
            [("start", "now", "all"), ("updates", "ignore", "edit")].map(|(key, no, yes)| {
                let usual = if key == "updates" { yes } else { no };
                let word = fields.or(key, usual.to_owned());
                if word != no && word != yes {
                    fields.object(key, format!("expected \"{no}\" or \"{yes}\""));
                }
                word == yes
            });
        let ByteSize(max_size) = fields.or("max_size", ByteSize(4 << 20));
        let max_size = usize::try_from(max_size).ok()?;
        Some(Self { url: url?, reach, login, interval, all, edits, max_size })
    }

    fn feed(&self, name: &str, context: &Context) -> Result<Feed, BuildError> {
        let prefix = format!("{name}/feed/{}", digest(&[self.url.as_str()]));
        Ok(Feed {
            name: name.to_owned(),
            login: self.login.header(context)?,
            client: self.reach.client(context)?,
            memory: Memory::new(context.keep.clone(), prefix),
            options: self.clone(),
            standing: Standing::not_yet("not asked yet"),
            context: context.clone(),
        })
    }
}

impl Declared for Options {
    fn build(&self, name: &str, context: &Context) -> Result<Box<dyn System>, BuildError> {
        Ok(Box::new(self.feed(name, context)?))
    }
}

impl System for Feed {
    fn read(&self, received: &Received) -> Result<Notice, Unreadable> {
        if let Some(told) = told::read(received) {
            return Ok(told);
        }
        let unreadable = |_| Unreadable { reason: Reason::new("intranet-unreadable") };
        let entry: Entry = serde_json::from_slice(&received.body).map_err(unreadable)?;
        let id = received.beside(ENTRY).filter(|_| self.options.edits);
        let matter = id.map(|id| {
            let id = MessageId::new(format!("{}/entry/{id}", self.name));
            Matter { id, ends: false, handle: None }
        });
        Ok(Notice { matter, ..entry.notice() })
    }

    fn listens(&self) -> Option<&dyn Listens> {
        Some(self)
    }
}

#[async_trait]
impl Listens for Feed {
    async fn run(&self, inbox: &Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        while !stop.is_cancelled() {
            let pause = match self.look(inbox, &stop).await {
                Ok(pause) => pause,
                Err(AcceptError::Full(why)) => {
                    self.standing.set(Health::Down(why));
                    Duration::from_secs(30)
                }
                Err(error) => return Err(error.into()),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(self.context.env.jitter(pause)) => {}
            }
        }
        Ok(())
    }

    fn health(&self) -> Health {
        self.standing.health()
    }
}

impl Feed {
    /// Asks once, and gives the pause before the next time.
    async fn look(&self, inbox: &Inbox, stop: &CancellationToken) -> Result<Duration, AcceptError> {
        let state = self.memory.state()?;
        let now = self.context.env.now();
        let asked = tokio::select! {
            () = stop.cancelled() => return Ok(Duration::ZERO),
            asked = self.client.fetch(self.request(&state), self.options.max_size, now) => asked,
        };
        let Ok(answer) = asked else {
            return self.fail(inbox, state, Reason::new("feed-away")).await;
        };
        let (retry_after, ttl) = (answer.retry_after, state.ttl);
        let pause = match answer.status {
            StatusCode::NOT_MODIFIED => self.go_on(inbox, state).await?,
            status if status.is_success() => self.take(inbox, state, answer).await?,
            status => {
                let place = answer.headers.get(LOCATION).and_then(|place| place.to_str().ok());
                let reason = match place.filter(|_| status.is_redirection()) {
                    Some(place) => Reason::new("feed-moved").with("place", place),
                    None => Reason::new("feed-refused").with("status", status.as_str()),
                };
                self.fail(inbox, state, reason).await?
            }
        };
        let wanted = ttl.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
        let wanted = wanted.into_iter().chain(retry_after).max().unwrap_or_default();
        Ok(pause.max(wanted.min(LONGEST)))
    }

    /// A conditional request (RFC 9110, 13.1).
    fn request(&self, state: &State) -> Request {
        let mut request = Request::get(self.options.url.clone());
        let conditions = [(IF_NONE_MATCH, &state.etag), (IF_MODIFIED_SINCE, &state.modified)];
        for (name, value) in conditions {
            let value = value.as_deref().and_then(|value| HeaderValue::try_from(value).ok());
            request.headers.extend(value.map(|value| (name, value)));
        }
        request.headers.extend(self.login.clone().map(|login| (AUTHORIZATION, login)));
        request
    }

    async fn take(
        &self,
        inbox: &Inbox,
        state: State,
        answer: Answer,
    ) -> Result<Duration, AcceptError> {
        let Some(body) = answer.body else {
            return self.fail(inbox, state, Reason::new("feed-too-large")).await;
        };
        // Away from the others: reading what a stranger wrote may take long, or panic.
        let read = tokio::task::spawn_blocking(move || entry::read(&body)).await;
        let Ok(Ok((listed, ttl))) = read else {
            return self.fail(inbox, state, Reason::new("feed-unreadable")).await;
        };
        let known = self.memory.entries()?;
        let is_new = |one: &&Listed| known.get(&one.id).is_none_or(|k| k.version != one.version);
        let new: Vec<_> = listed.iter().filter(is_new).collect();
        for together in new.chunks(TOGETHER) {
            let show = |one: &&&Listed| {
                let is_update = known.contains_key(&one.id);
                if is_update { self.options.edits } else { state.was_read || self.options.all }
            };
            let items = together.iter().filter(show).map(|one| self.received(one).into_item());
            let keep = together.iter().map(|one| self.memory.with_entry(one)).collect();
            inbox.accept(Intake { items: items.collect(), keep }).await?;
        }
        // What the feed says of itself comes last: until then it is asked for the whole again.
        let said = |name: HeaderName| said(&answer.headers, &name);
        let (etag, modified) = (said(ETAG), said(LAST_MODIFIED));
        let state = State { was_read: true, etag, modified, ttl, failing_since: None };
        let mut keep = self.memory.tidied(&known, &listed, self.context.env.now());
        keep.push(self.memory.with_state(&state));
        inbox.accept(Intake { items: Vec::new(), keep }).await?;
        self.standing.set(Health::Up);
        Ok(self.options.interval)
    }

    async fn go_on(&self, inbox: &Inbox, mut state: State) -> Result<Duration, AcceptError> {
        if state.failing_since.take().is_some() {
            let keep = vec![self.memory.with_state(&state)];
            inbox.accept(Intake { items: Vec::new(), keep }).await?;
        }
        self.standing.set(Health::Up);
        Ok(self.options.interval)
    }

    /// Remembers since when it is broken, and tells the room when that has lasted, once; that the
    /// feed has moved is told at once, once for each place.
    async fn fail(
        &self,
        inbox: &Inbox,
        mut state: State,
        reason: Reason,
    ) -> Result<Duration, AcceptError> {
        let now = self.context.env.now();
        tracing::warn!(worker = %self.context.name, system = self.name, %reason, "feed");
        self.standing.set(Health::Down(reason.key.clone()));
        let since = *state.failing_since.get_or_insert(now);
        let mut intake = Intake { items: Vec::new(), keep: vec![self.memory.with_state(&state)] };
        let id = match reason.args.iter().find(|(name, _)| name == "place") {
            // Behind a "?" may stand something that is new each time, as in the way to a login.
            Some((_, place)) => Some(digest(&place.split(['?', '#']).take(1).collect::<Vec<_>>())),
            None => (now.since(since) > TELL_AFTER).then(|| since.0.to_string()),
        };
        if let Some(id) = id {
            let id = format!("feed/{id}");
            let reason = reason.with("system", &self.name);
            intake.items.push(told::tell(&self.name, id, now, &reason).into_item());
        }
        inbox.accept(intake).await?;
        Ok(self.options.interval)
    }

    fn received(&self, listed: &Listed) -> Received {
        Received {
            system: self.name.clone(),
            id: format!("{}/{}", listed.id, listed.version),
            at: self.context.env.now(),
            beside: vec![(ENTRY.to_owned(), listed.id.clone())],
            protection: Protection::of_scheme(self.options.url.scheme()),
            body: serde_json::to_vec(&listed.entry).unwrap_or_default().into(),
        }
    }
}

/// A validator, as it is sent back; one that is longer than anybody's is not.
fn said(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= 1_000).then(|| value.to_owned())
}
