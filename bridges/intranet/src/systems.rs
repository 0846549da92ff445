//! The kinds of systems: one line each.

mod alerts;
mod chat;
mod cloudevents;
pub(crate) mod feed;
mod fit_connect;
mod gotify;
pub(crate) mod mqtt;
mod nextcloud;
pub(crate) mod ntfy;
mod standard;
mod talk;
mod teams;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod tests;
mod two_way;
mod webhook;

use std::sync::Arc;

use viadukt_api::config::Fields;

use crate::hook::Dialect;
use crate::reader::Reads;
use crate::system::SystemKind;

/// Everything that a system can be configured to speak.
pub(crate) const SYSTEMS: &[SystemKind] = &[
    SystemKind { name: "webhook", parse: webhook::parse },
    SystemKind { name: "standard-webhooks", parse: standard::parse },
    SystemKind { name: "alertmanager", parse: alerts::alertmanager },
    SystemKind { name: "grafana", parse: alerts::grafana },
    SystemKind { name: "cloudevents", parse: cloudevents::parse },
    SystemKind { name: "fit-connect", parse: fit_connect::parse },
    SystemKind { name: "talk", parse: talk::parse },
    feed::FEED,
    gotify::GOTIFY,
    chat::MATTERMOST,
    mqtt::MQTT,
    nextcloud::NEXTCLOUD,
    ntfy::NTFY,
    chat::ROCKETCHAT,
    chat::SLACK,
    teams::TEAMS,
];

/// A kind of system that calls us, for dry runs: its name, and how it speaks with the options
/// that a table gives.
pub(crate) type HookKind = (&'static str, ParseDialect);

/// Reads how a system speaks from its table.
pub(crate) type ParseDialect = fn(&Fields<'_>) -> Arc<dyn Dialect>;

/// Those that call us, by the same names.
pub(crate) const HOOKS: &[HookKind] = &[
    ("webhook", |fields| Arc::new(webhook::Webhook::parse(fields))),
    ("standard-webhooks", |_| Arc::new(standard::StandardWebhooks)),
    ("alertmanager", |fields| Arc::new(alerts::Alerts::alertmanager(fields))),
    ("grafana", |fields| Arc::new(alerts::Alerts::grafana(fields))),
    ("cloudevents", |fields| Arc::new(cloudevents::CloudEvents::parse(fields))),
    ("fit-connect", |_| Arc::new(fit_connect::FitConnect)),
    ("talk", |_| Arc::new(talk::Talk)),
];

/// A kind of system that we listen to, for dry runs: its name, and how what it brings is read with
/// the options that a table gives.
pub(crate) type ListenedKind = (&'static str, fn(&Fields<'_>) -> Arc<dyn Reads>);

/// Those that we listen to, by the same names.
pub(crate) const LISTENED: &[ListenedKind] = &[
    ("feed", |fields| Arc::new(feed::Entries::parse(fields))),
    ("mqtt", |fields| Arc::new(mqtt::Topics::parse(fields))),
    ("ntfy", |_| Arc::new(ntfy::reads::Messages)),
];
