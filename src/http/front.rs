//! The public listener, viadukt's front door: far sides call their bridges here, at
//! `/hooks/NAME` and below. What every caller must pass, in this order, before a worker hears
//! of the call:
//!
//! | must | else | where |
//! |---|---|---|
//! | find a free place and send a head in time | waits, is closed | [`connections`] |
//! | name a bridge that can be called | 404 | here |
//! | call from a network in the bridge's `sources` | 403 | [`caller`] |
//! | keep to a rate | 429 | [`rate`] |
//! | give what proofs need no body, such as a token | 401 | the worker's `admit` |
//! | send a body that is not too large, in time | 413, 408 | [`body`] |
//!
//! The worker then checks what is signed, accepts what was brought, and answers: only a worker says
//! a 2xx. No path, query, header or address reaches a log line, since secrets stand in them.

mod body;
mod caller;
mod connections;
pub(super) mod rate;
mod refusal;
mod shares;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::SetOnce;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use viadukt_api::network::Networks;
use viadukt_api::{AcceptError, Answer, Call, HookError, Inbox, Worker, WorkerName};

use crate::config::Public;
use crate::observe::{Metrics, event};

use caller::Proxies;
use rate::Rate;
use refusal::Refusal;

/// How long callers may take, and how many there may be at once.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Until a head is complete, counted from the end of the call before it.
    pub head: Duration,
    /// Until a body is complete.
    pub body: Duration,
    /// Until a connection is closed, so that nobody keeps a place.
    pub connection: Duration,
    /// How much longer the call under way may take when its connection is to be closed.
    pub closing: Duration,
    /// Connections at the same time. Who comes next waits in the operating system's queue.
    pub connections: usize,
    /// Connections that one source may hold, unless it is a trusted proxy. More are closed.
    pub share: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            connection: Duration::from_secs(60),
            closing: Duration::from_secs(10),
            connections: 512,
            share: 128,
        }
    }
}

/// The public listener, before it listens.
pub struct Front {
    public: Public,
    bounds: Bounds,
    metrics: Arc<Metrics>,
    proxies: Proxies,
    hooks: Vec<Arc<Hook>>,
    /// The calls that are with a worker.
    calls: TaskTracker,
    /// Why nothing can be accepted any more.
    failed: SetOnce<AcceptError>,
}

/// A bridge that can be called.
struct Hook {
    name: WorkerName,
    worker: Arc<dyn Worker>,
    inbox: Inbox,
    sources: Networks,
    rate: Rate,
}

impl Front {
    /// A listener as `[public]` wants it.
    pub fn new(public: Public, bounds: Bounds, metrics: Arc<Metrics>) -> Self {
        Self {
            proxies: Proxies::new(public.trusted_proxies.clone(), public.proxy_header),
            public,
            bounds,
            metrics,
            hooks: Vec::new(),
            calls: TaskTracker::new(),
            failed: SetOnce::new(),
        }
    }

    /// Lets `worker` be called from `sources`, if it is one that can be called.
    pub fn add(
        &mut self,
        name: WorkerName,
        worker: Arc<dyn Worker>,
        inbox: Inbox,
        sources: Networks,
    ) {
        if worker.hooks().is_some() {
            self.metrics.introduce_hooks(&name);
            let rate = Rate::new(self.public.rate, self.public.burst);
            self.hooks.push(Arc::new(Hook { name, worker, inbox, sources, rate }));
        }
    }

    /// Answers on `listener` until `stop` fires, then finishes what is being answered.
    ///
    /// # Errors
    /// The store failed while something was accepted; the process must end and start again.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> Result<(), AcceptError> {
        let front = Arc::new(self);
        connections::serve(&front, listener, &stop).await;
        front.calls.close();
        front.calls.wait().await;
        front.failed.get().cloned().map_or(Ok(()), Err)
    }

    /// Answers one call.
    async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Response<Full<Bytes>> {
        let Some((hook, path)) = self.find(request.uri().path()) else {
            return response(StatusCode::NOT_FOUND, "text/plain", Bytes::new());
        };
        let path = path.to_owned();
        let answered = self.let_in(hook, path, request, peer).await;
        self.note(&hook.name, &answered);
        match answered {
            Ok(answer) => {
                let mut given = response(answer.status, answer.content_type, answer.body.into());
                given.headers_mut().extend(answer.headers);
                given
            }
            Err(refusal) => refusal.response(),
        }
    }

    /// The bridge that `path` names, and what follows its name.
    fn find<'p>(&self, path: &'p str) -> Option<(&Arc<Hook>, &'p str)> {
        let path = path.strip_prefix("/hooks/")?;
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let hook = self.hooks.iter().find(|hook| hook.name.as_str() == name)?;
        Some((hook, rest))
    }

    /// Everything between a head and the worker's answer.
    async fn let_in(
        self: &Arc<Self>,
        hook: &Arc<Hook>,
        path: String,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Answer, Refusal> {
        let (head, body) = request.into_parts();
        let from = self.proxies.caller(peer, &head.headers);
        if !hook.sources.contain(from) {
            return Err(Refusal::Forbidden);
        }
        hook.rate.take(from, Instant::now()).map_err(Refusal::TooMany)?;
        let target = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
        let mut call = Call {
            method: head.method,
            path,
            query: head.uri.query().unwrap_or_default().to_owned(),
            url: format!("{}{target}", self.public.base_url),
            headers: head.headers,
            body: Bytes::new(),
            from,
        };
        hook.worker.hooks().ok_or(HookError::Unknown)?.admit(&call)?;
        call.body = body::read(body, self.public.max_body.0, self.bounds.body).await?;
        self.hand_over(hook, call).await
    }

    /// Gives `call` to the worker, in a task of its own: a caller that hangs up must not stop
    /// the worker between a commit and what follows it, and a panic stops nothing else.
    async fn hand_over(self: &Arc<Self>, hook: &Arc<Hook>, call: Call) -> Result<Answer, Refusal> {
        let (front, hook) = (Arc::clone(self), Arc::clone(hook));
        let called = self.calls.spawn(async move {
            if let Some(failed) = front.failed.get() {
                return Err(failed.clone().into());
            }
            let hooks = hook.worker.hooks().ok_or(HookError::Unknown)?;
            let answered = hooks.call(call, &hook.inbox).await;
            if let Err(HookError::Accept(error @ AcceptError::Store(_))) = &answered {
                // Whoever says it first is heard; the others say the same.
                let _ = front.failed.set(error.clone());
            }
            answered
        });
        Ok(called.await.map_err(|_| Refusal::Panicked)??)
    }

    /// Counts a call, and tells operators of one that was refused.
    fn note(&self, bridge: &WorkerName, answered: &Result<Answer, Refusal>) {
        let outcome = answered.as_ref().map_or_else(Refusal::outcome, |_| "taken");
        self.metrics.called(bridge, outcome);
        match answered {
            Ok(_) => {
                tracing::debug!(event = event::CALLED, worker = %bridge, outcome, "a call is taken");
            }
            // Whoever floods the listener shall not flood the log; the metric counts them.
            Err(Refusal::TooMany(_)) => {
                tracing::debug!(event = event::CALLED, worker = %bridge, outcome, "a call too many");
            }
            Err(refusal) => {
                let event = event::CALLED;
                tracing::info!(event, worker = %bridge, outcome, "a call was refused: {refusal}");
            }
        }
    }
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
pub(crate) mod tests;
