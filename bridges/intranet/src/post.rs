//! Systems that take each message as one HTTP request. How the request looks is a system's own
//! ([`Shape`]); what becomes of it is the same for all ([`Posting`]).

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::{
    BuildError, Content, Context, DeliveryError, Probe, Reason, Receipt, async_trait,
};

use crate::client::Reach;
use crate::line::{Line, Rules};
use crate::system::{Declared, Outgoing, System, Takes};

/// How one kind of system wants to be told something.
pub(crate) trait Shape: Send + Sync {
    /// What it promises.
    const RULES: Rules = Rules::None;

    /// Where it is.
    fn url(&self) -> &Url;

    /// See [`Takes::party`].
    fn party(&self, behind: Option<&str>) -> Result<(), Reason>;

    /// See [`Takes::fits`].
    fn fits(&self, content: &Content) -> Result<(), Reason>;

    /// The request that brings `out`. `at` gives the time, randomness and words.
    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason>;
}

/// Builds what takes messages for the system of that name: reads secrets and files, connects to
/// nothing.
pub(crate) type BuildTakes =
    Box<dyn Fn(&str, &Context) -> Result<Box<dyn Takes>, BuildError> + Send + Sync>;

/// A system that takes each message as one HTTP request.
pub(crate) struct Posting<S> {
    line: Line,
    shape: S,
}

impl<S: Shape + 'static> Posting<S> {
    /// The system `name` of this `shape`.
    pub(crate) fn build(
        name: &str,
        shape: S,
        reach: &Reach,
        context: &Context,
    ) -> Result<Box<dyn Takes>, BuildError> {
        let line = Line::new(name, shape.url(), S::RULES, reach, context)?;
        Ok(Box::new(Self { line, shape }))
    }
}

#[async_trait]
impl<S: Shape> Takes for Posting<S> {
    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        self.line.is_on()?;
        self.shape.party(behind)
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        self.shape.fits(content)
    }

    fn idempotent(&self) -> bool {
        S::RULES == Rules::Webhook
    }

    async fn send(&self, out: &Outgoing<'_>) -> Result<Receipt, DeliveryError> {
        self.line.may_begin(out.repeated)?;
        let request = self
            .party(out.behind)
            .and_then(|()| self.fits(out.content))
            .and_then(|()| self.shape.request(out, &self.line.context))
            .map_err(DeliveryError::refused)?;
        self.line.ask(request).await?;
        Ok(self.line.receipt(out.id))
    }

    async fn probe(&self) -> Option<Probe> {
        Some(self.line.probe().await)
    }
}

/// A system that takes messages and does nothing else.
pub(crate) fn only_takes(build: Option<BuildTakes>) -> Option<Box<dyn Declared>> {
    build.map(|build| Box::new(OnlyTakes(build)) as Box<dyn Declared>)
}

struct OnlyTakes(BuildTakes);

impl Declared for OnlyTakes {
    fn build(&self, name: &str, context: &Context) -> Result<Box<dyn System>, BuildError> {
        (self.0)(name, context).map(|takes| Box::new(Taking(takes)) as Box<dyn System>)
    }
}

struct Taking(Box<dyn Takes>);

impl System for Taking {
    fn takes(&self) -> Option<&dyn Takes> {
        Some(&*self.0)
    }
}

/// `request` with header `fields` besides: all of them, or it is not sent.
pub(crate) fn with_fields<const N: usize>(
    mut request: Request,
    fields: [(HeaderName, &str); N],
) -> Result<Request, Reason> {
    for (name, value) in fields {
        let value = HeaderValue::try_from(value).map_err(|_| Reason::new("intranet-unfit-id"))?;
        request.headers.push((name, value));
    }
    Ok(request)
}

/// `value` as JSON.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    // Fails for maps whose keys are no texts alone.
    serde_json::to_vec(value).unwrap_or_default()
}

/// Whether `behind` may be written to: anybody, or one of those `listed`.
pub(crate) fn party(behind: Option<&str>, listed: Option<&[String]>) -> Result<(), Reason> {
    let Some(behind) = behind else { return Ok(()) };
    // In a path, dots would be a way up.
    let is_name = !behind.chars().any(char::is_control) && !matches!(behind, "." | "..");
    match is_name && listed.is_none_or(|listed| listed.iter().any(|one| one == behind)) {
        true => Ok(()),
        false => Err(Reason::new("intranet-party-not-listed").with("party", behind)),
    }
}

/// As [`party`], of a system that needs to be told one.
pub(crate) fn needed_party(behind: Option<&str>, listed: Option<&[String]>) -> Result<(), Reason> {
    match behind {
        Some(_) => party(behind, listed),
        None => Err(Reason::new("intranet-party-missing")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
