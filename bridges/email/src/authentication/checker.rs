//! SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489) and ARC (RFC 8617), checked by ourselves.
//!
//! What is found is facts; what they mean for the author is told when the mail is read. Nothing
//! here can lose or hold up a mail: what the DNS does not answer in time is not checked.

use std::net::SocketAddr;
use std::time::Duration;

use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts,
};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DmarcResult, MessageAuthenticator, SpfOutput, SpfResult,
};
use mail_parser::MessageParser;
use viadukt_api::network::Networks;

use super::Outcome;
use super::origin::Origin;
use crate::config::CheckSection;

/// What finding out about one mail may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// What one question to one resolver may take.
const ANSWER: Duration = Duration::from_secs(2);
/// More signatures are not looked at; honest mails have two or three.
const SIGNATURES: usize = 8;

/// Finds out who wrote mails.
pub(crate) struct Checker {
    dns: MessageAuthenticator,
    ours: Networks,
    sealers: Vec<String>,
}

impl Checker {
    /// A checker as configured.
    ///
    /// # Errors
    /// The system names no resolver.
    pub(crate) fn new(section: &CheckSection) -> std::io::Result<Self> {
        let (config, mut options) = match section.resolvers.as_slice() {
            [] => read_system_conf().map_err(std::io::Error::other)?,
            named => {
                let servers = named.iter().copied().map(server).collect();
                (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
            }
        };
        options.timeout = ANSWER;
        options.attempts = 2;
        let dns = MessageAuthenticator::new(config, options).map_err(std::io::Error::other)?;
        let sealers = section.trusted_sealers.iter().map(|name| name.to_lowercase()).collect();
        Ok(Self { dns, ours: section.trusted_relays.clone(), sealers })
    }

    /// What there is to know about `mail`, byte for byte as it came.
    pub(crate) async fn check(&self, mail: &[u8]) -> Vec<Outcome> {
        let found = tokio::time::timeout(PATIENCE, self.look(mail)).await;
        found.unwrap_or_else(|_| unchecked())
    }

    async fn look(&self, mail: &[u8]) -> Vec<Outcome> {
        let parsed = MessageParser::default().parse_headers(mail);
        let (Some(header), Some(mut message)) = (parsed, AuthenticatedMessage::parse(mail)) else {
            return Vec::new();
        };
        message.dkim_headers.truncate(SIGNATURES);
        message.errors.truncate(SIGNATURES);
        let origin = Origin::of(&header, &self.ours);
        let (spf, sender) = self.spf(origin.as_ref()).await;
        let signatures = self.dns.verify_dkim(&message).await;
        let dmarc = DmarcParameters {
            message: &message,
            dkim_output: &signatures,
            dkim2_output: None,
            rfc5321_mail_from_domain: &sender,
            spf_output: &spf,
        };
        let dmarc = self.dns.verify_dmarc(dmarc).await;
        let mut outcomes =
            vec![outcome("dmarc", of_dmarc(&dmarc.result()), Some(dmarc.domain().to_owned()))];
        for signature in &signatures {
            let domain = signature.signature().map(|signature| signature.d.to_lowercase());
            outcomes.push(outcome("dkim", of_dkim(signature.result()), domain));
        }
        if signatures.is_empty() {
            outcomes.push(outcome("dkim", "none", None));
        }
        outcomes.push(outcome("spf", of_spf(spf.result()), Some(sender)));
        outcomes.extend(self.arc(&message).await);
        outcomes
    }

    /// The result, and the domain that it is about: that of the reverse path, or without one the
    /// greeting's (RFC 7208 2.4).
    async fn spf(&self, origin: Option<&Origin>) -> (SpfOutput, String) {
        let Some(origin) = origin else {
            return (SpfOutput::new(String::new()).with_result(SpfResult::None), String::new());
        };
        let Origin { address, greeting, sender } = origin;
        let greeting = greeting.trim_end_matches('.').to_lowercase();
        let parameters = match sender.rsplit_once('@') {
            Some(_) => SpfParameters::verify_mail_from(*address, &greeting, "", sender),
            None => SpfParameters::verify_ehlo(*address, &greeting, ""),
        };
        let domain = sender.rsplit_once('@').map_or(&*greeting, |(_, domain)| domain);
        (self.dns.verify_spf(parameters).await, domain.to_lowercase())
    }

    /// Anybody can seal a mail. A whole chain counts when the last who sealed it is trusted to say
    /// what they received; else it is in order and means nothing (`policy`, RFC 8601 2.7.1).
    async fn arc(&self, message: &AuthenticatedMessage<'_>) -> Option<Outcome> {
        if message.ams_headers.is_empty() && !message.has_arc_errors {
            return None;
        }
        let chain = self.dns.verify_arc(message).await;
        let sealer = chain.sets().last().map(|set| set.seal.header.d.to_lowercase());
        let is_trusted = sealer.as_ref().is_some_and(|sealer| self.sealers.contains(sealer));
        let result = match of_dkim(chain.result()) {
            "pass" if !is_trusted => "policy",
            result => result,
        };
        Some(outcome("arc", result, sealer))
    }
}

/// What is known of a mail that was not looked at (RFC 8601 2.7.1: `temperror`).
pub(crate) fn unchecked() -> Vec<Outcome> {
    vec![outcome("dmarc", "temperror", None)]
}

fn server(address: SocketAddr) -> NameServerConfig {
    let to_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(to_port);
    NameServerConfig::new(address.ip(), true, connections.into())
}

fn outcome(method: &str, result: &str, domain: Option<String>) -> Outcome {
    let domain = domain.filter(|domain| !domain.is_empty());
    Outcome { method: method.to_owned(), result: result.to_owned(), domain }
}

fn of_spf(result: SpfResult) -> &'static str {
    match result {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    }
}

fn of_dkim(result: &DkimResult) -> &'static str {
    match result {
        DkimResult::Pass => "pass",
        DkimResult::Neutral(_) => "neutral",
        DkimResult::Fail(_) => "fail",
        DkimResult::PermError(_) => "permerror",
        DkimResult::TempError(_) => "temperror",
        DkimResult::None => "none",
    }
}

fn of_dmarc(result: &DmarcResult) -> &'static str {
    match result {
        DmarcResult::Pass => "pass",
        DmarcResult::Fail(_) => "fail",
        DmarcResult::TempError(_) => "temperror",
        DmarcResult::PermError(_) => "permerror",
        DmarcResult::None => "none",
    }
}
