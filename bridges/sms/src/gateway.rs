//! A gateway over HTTP, as a TOML file declares it.
//!
//! In reading order: the options ([`section`]) and the declaration ([`declaration`], or one of
//! the [`preset`]s); a message out: its [`request`], made of [`template`]s with [`place`]s for the
//! [`filling`], carried by the [client](viadukt_api::client), and the gateway's [`answer`]; a
//! call in: its [`signature`], what it says ([`call`], [`path`], [`pick`], [`condition`],
//! [`time`], [`charset`]) and what that means ([`hook`]), taken by [`hooks`]; and the dry run
//! ([`tool`]).

mod answer;
mod call;
mod charset;
mod condition;
mod declaration;
mod filling;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod hook;
mod hooks;
mod path;
mod pick;
mod place;
mod preset;
mod request;
mod section;
mod signature;
mod template;
mod time;
mod tool;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio_util::sync::CancellationToken;
use url::Url;
use viadukt_api::client::{Client, Request, Silence};
use viadukt_api::{
    AcceptError, Context, DeliveryError, Env, Health, Hooks, Inbox, MessageId, Probe, Protection,
    Reason, Receipt, WorkerError, WorkerName, async_trait,
};

use self::answer::Verdict;
use self::declaration::Declaration;
use self::filling::{Filling, Settings};
pub(crate) use self::section::GatewaySection;
use self::signature::Guard;
pub(crate) use self::tool::PARSE_HOOK;
use crate::outgoing::Outgoing;
use crate::reassembly::Reassembly;
use crate::transport::Transport;

/// How often the gateway is looked after: parts that wait, and whether it is back.
const ROUND: Duration = Duration::from_secs(30);
/// How long the parts of a long text wait for each other.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// The state in which only an accepted login helps.
const LOGIN_REFUSED: &str = "login refused";
/// No word of a gateway for what is wrong is longer.
const LONGEST_WORD: usize = 40;

/// A gateway, ready to be used.
pub(crate) struct Gateway {
    name: WorkerName,
    env: Env,
    declaration: Declaration,
    settings: Settings,
    base: Url,
    client: Client,
    /// Without it nobody may call.
    guard: Option<Guard>,
    reassembly: Reassembly,
    parallel: usize,
    health: Mutex<Health>,
}

impl Gateway {
    fn new(
        context: Context,
        declaration: Declaration,
        settings: Settings,
        base: Url,
        client: Client,
        guard: Option<Guard>,
        parallel: usize,
    ) -> Self {
        let reassembly = Reassembly::new(context.keep, PATIENCE);
        let health = Mutex::new(Health::Up);
        let (name, env) = (context.name, context.env);
        Self { name, env, declaration, settings, base, client, guard, reassembly, parallel, health }
    }

    fn filling<'a>(&'a self, sms: Option<&'a Outgoing>) -> Filling<'a> {
        let receipt_url = self.declaration.request.receipt_url.as_ref();
        Filling { settings: &self.settings, sms, receipt_url }
    }

    /// Makes one attempt.
    async fn attempt(&self, sms: &Outgoing) -> Result<Verdict, Silence> {
        let request = self.declaration.request.fill(&self.base, &self.filling(Some(sms)));
        let request = request.ok_or(Silence::NotHeard)?;
        let answer = self.client.call(request, self.env.now()).await?;
        let body = answer.body.as_deref().unwrap_or_default();
        Ok(self.declaration.answer.read(answer.status, answer.retry_after, body))
    }

    fn receipt(&self, sms: &Outgoing, ids: Vec<String>) -> Receipt {
        let mut ids = ids.into_iter().map(MessageId::new);
        let id = ids.next().unwrap_or_else(|| MessageId::new(sms.reference.as_str()));
        let protection = Protection::of_scheme(self.base.scheme());
        Receipt { id: Some(id), more: ids.collect(), protection }
    }

    /// Nobody knows whether it was taken: asking again does no harm where the gateway knows our
    /// own reference again.
    fn unknown(&self) -> DeliveryError {
        let reason = Reason::new("sms-gateway-unknown");
        if self.declaration.answer.idempotent {
            DeliveryError::retry(reason)
        } else {
            DeliveryError::unknown(reason)
        }
    }

    /// Sees whether a gateway that was down is up again.
    async fn look_again(&self) {
        let is_worth_it = match self.health() {
            Health::Up => false,
            // Without a question that needs the login, only the next message can tell.
            Health::Down(why) => why != LOGIN_REFUSED || self.declaration.request.has_probe(),
        };
        if is_worth_it {
            match self.knock().await {
                Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) | Err(_) => {}
                Ok(_) => self.set_health(Health::Up),
            }
        }
    }

    /// Asks what tells most without sending anything: the status of the answer.
    async fn knock(&self) -> Result<StatusCode, Silence> {
        let request = self.declaration.request.probe(&self.base, &self.filling(None));
        let request = request.unwrap_or_else(|| Request::get(self.base.clone()));
        self.client.call(request, self.env.now()).await.map(|answer| answer.status)
    }

    fn set_health(&self, health: Health) {
        let mut now = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != health {
            match &health {
                Health::Up => tracing::info!(bridge = %self.name, "the SMS gateway is up"),
                Health::Down(why) => {
                    tracing::warn!(bridge = %self.name, why, "the SMS gateway is down");
                }
            }
            *now = health;
        }
    }

    fn down(&self, why: &str) {
        self.set_health(Health::Down(why.to_owned()));
    }
}

#[async_trait]
impl Transport for Gateway {
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(self.env.jitter(ROUND)) => {}
            }
            match self.reassembly.give_up(&inbox, self.env.now()).await {
                Ok(()) | Err(AcceptError::Full(_)) => {}
                Err(error @ AcceptError::Store(_)) => return Err(error.into()),
            }
            self.look_again().await;
        }
    }

    async fn ready(&self) -> Result<(), DeliveryError> {
        Ok(())
    }

    async fn send(&self, sms: &Outgoing) -> Result<Receipt, DeliveryError> {
        let reason = |key: &str, code: String| Reason::new(key).with("code", word(&code));
        match self.attempt(sms).await {
            Ok(Verdict::Taken(ids)) => {
                self.set_health(Health::Up);
                Ok(self.receipt(sms, ids))
            }
            Ok(Verdict::Refused(code)) => {
                self.set_health(Health::Up);
                Err(DeliveryError::refused(reason("sms-gateway-refused", code)))
            }
            Ok(Verdict::Later(code, after)) => {
                let reason = reason("sms-gateway-put-off", code);
                Err(DeliveryError::Retry { reason, after })
            }
            Ok(Verdict::LoginRefused) => {
                self.down(LOGIN_REFUSED);
                Err(DeliveryError::retry(Reason::new("sms-gateway-login-refused")))
            }
            Ok(Verdict::Unclear) => Err(self.unknown()),
            Err(Silence::NotHeard | Silence::NotListed) => {
                self.down("not reachable");
                Err(DeliveryError::retry(Reason::new("sms-gateway-away")))
            }
            Err(Silence::NoAnswer) => {
                self.down("no answer");
                Err(self.unknown())
            }
        }
    }

    async fn probe(&self) -> Vec<Probe> {
        let result = match self.knock().await {
            Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err("the gateway refuses the \
                login; check `account`, `user` and the file of the secret"
                .to_owned()),
            Ok(status) if status.is_success() => Ok("the gateway answers".to_owned()),
            Ok(status) => Ok(format!("the gateway answers (HTTP {})", status.as_u16())),
            Err(_) => {
                Err("the gateway cannot be reached; check `url`, `ca_file`, the name server \
                 and the firewall"
                    .to_owned())
            }
        };
        let mut probes = vec![Probe { what: "http gateway".to_owned(), result }];
        if self.guard.is_none() && !self.declaration.hooks.is_empty() {
            let result =
                Ok("off: messages and receipts come in with `hook_secret_file`".to_owned());
            probes.push(Probe { what: "http hooks".to_owned(), result });
        }
        probes
    }

    fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn idempotent(&self) -> bool {
        self.declaration.answer.idempotent
    }

    fn parallel(&self) -> usize {
        self.parallel
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        self.guard.as_ref().map(|_| self as &dyn Hooks)
    }
}

/// A gateway's word for what is wrong, fit to stand in a sentence.
fn word(code: &str) -> String {
    code.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
