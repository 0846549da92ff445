//! One HTTP request to a system, and what its answer means for what was to be brought there.

use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;
use url::Url;
use viadukt_api::client::{Answer, Client, Request, Silence};
use viadukt_api::{
    BuildError, Context, DeliveryError, MessageId, Probe, Protection, Reason, Receipt,
};

use crate::client::Reach;

/// The way to one system.
pub(crate) struct Line {
    name: String,
    url: Url,
    pub(crate) context: Context,
    client: Client,
    rules: Rules,
    /// It asked for no more.
    is_off: AtomicBool,
}

/// What a system promises of requests that it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Nothing: a request that is repeated may be done twice.
    None,
    /// To make a request twice does no harm.
    Repeatable,
    /// Those of webhooks: besides, what is not taken is tried again, whatever the answer, and
    /// 410 asks for no more (Standard Webhooks, "Deliverability and reliability"; CloudEvents,
    /// "HTTP 1.1 Web Hooks for Event Delivery", 2.2).
    Webhook,
}

impl Line {
    /// The way to the system `name` at `url`.
    pub(crate) fn new(
        name: &str,
        url: &Url,
        rules: Rules,
        reach: &Reach,
        context: &Context,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            name: name.to_owned(),
            url: url.clone(),
            context: context.clone(),
            client: reach.client(context)?,
            rules,
            is_off: AtomicBool::new(false),
        })
    }

    /// The sentence `key` about this system.
    pub(crate) fn reason(&self, key: &str) -> Reason {
        Reason::new(key).with("system", &self.name)
    }

    /// Whether it wants to be asked at all.
    pub(crate) fn is_on(&self) -> Result<(), Reason> {
        match self.is_off.load(Ordering::Relaxed) {
            true => Err(self.reason("intranet-off")),
            false => Ok(()),
        }
    }

    /// Whether an attempt may be made although an earlier one may have arrived.
    pub(crate) fn may_begin(&self, repeated: bool) -> Result<(), DeliveryError> {
        match repeated && self.rules == Rules::None {
            true => Err(DeliveryError::unknown(self.reason("intranet-interrupted"))),
            false => Ok(()),
        }
    }

    /// Makes `request`.
    ///
    /// # Errors
    /// The system did not take it, or did not say so.
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, DeliveryError> {
        match self.client.call(request, self.context.env.now()).await {
            Ok(answer) if answer.status.is_success() => Ok(answer),
            Ok(answer) => Err(self.not_taken(&answer)),
            Err(Silence::NotHeard) => Err(DeliveryError::retry(self.reason("intranet-away"))),
            Err(Silence::NotListed) => {
                Err(DeliveryError::retry(self.reason("intranet-not-listed")))
            }
            Err(Silence::NoAnswer) if self.rules == Rules::None => {
                Err(DeliveryError::unknown(self.reason("intranet-unknown")))
            }
            Err(Silence::NoAnswer) => Err(DeliveryError::retry(self.reason("intranet-silent"))),
        }
    }

    /// What an answer means that is no success. Its body stays unread: it may repeat what was
    /// said.
    fn not_taken(&self, answer: &Answer) -> DeliveryError {
        let is_webhook = self.rules == Rules::Webhook;
        let coded = |key: &str| self.reason(key).with("code", answer.status.as_str());
        match answer.status {
            StatusCode::GONE if is_webhook => {
                self.is_off.store(true, Ordering::Relaxed);
                let (bridge, system) = (&self.context.name, &self.name);
                tracing::warn!(%bridge, system, "the system asks for no more (410): switched off \
                    until the next start");
                DeliveryError::refused(self.reason("intranet-off"))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                DeliveryError::retry(self.reason("intranet-login-refused"))
            }
            // It is the operator's to say where the system is now.
            status if status.is_redirection() => DeliveryError::retry(coded("intranet-elsewhere")),
            status if is_webhook || is_for_later(status) => {
                let after = answer.retry_after;
                DeliveryError::Retry { reason: coded("intranet-put-off"), after }
            }
            _ => DeliveryError::refused(coded("intranet-refused")),
        }
    }

    /// The receipt of what is called `id` from now on.
    pub(crate) fn receipt(&self, id: impl Into<String>) -> Receipt {
        let (id, protection) = (Some(MessageId::new(id)), Protection::of_scheme(self.url.scheme()));
        Receipt { id, more: Vec::new(), protection }
    }

    /// Sees whether somebody answers, without bringing anything.
    pub(crate) async fn probe(&self) -> Probe {
        let mut url = self.url.clone();
        // Of some systems the path is a secret, and who asks there may be taken at their word.
        url.set_path("/");
        url.set_query(None);
        let result = match self.client.call(Request::get(url), self.context.env.now()).await {
            Ok(answer) => Ok(format!("it answers (HTTP {})", answer.status.as_u16())),
            Err(Silence::NotListed) => Err("its name leads into a network of our own; list that \
                in `networks` if it may be reached"
                .to_owned()),
            Err(Silence::NotHeard | Silence::NoAnswer) => Err("it cannot be reached; check its \
                address, `ca_file`, the name server and the firewall"
                .to_owned()),
        };
        Probe { what: format!("system {}", self.name), result }
    }
}

/// Whether the same request may be taken later (RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4).
fn is_for_later(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}
