//! Alerts of Prometheus' Alertmanager and of Grafana, who say them alike: webhook version 4,
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>, and
//! <https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/>.
//!
//! Each group (or each alert, as it is configured) is a matter: one message in the room, always
//! the latest word.

mod grafana;
mod handle;
mod silence;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use serde_json::{Value, json};
use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};
use viadukt_api::{Call, HookError, Matter, MessageId, Severity, Unreadable};

use self::grafana::GrafanaSignature;
pub(crate) use self::handle::Handle;
use super::two_way::TwoWay;
use crate::body;
use crate::guard::Scheme;
use crate::guard::digest::fingerprint;
use crate::hook::{Dialect, HookTable, Taken, value_of};
use crate::notice::Notice;
use crate::reader::{Reading, severity};
use crate::received::Received;
use crate::system::Declared;

/// Alerts that would be more than this in bytes, each with what they share, stay one message.
const LARGEST: usize = 16 << 20;
/// An id that is longer is told by its fingerprint.
const LONGEST_ID: usize = 200;

/// How Alertmanager and Grafana speak.
pub(crate) struct Alerts {
    notice: NoticePer,
    /// Grafana's; Alertmanager cannot sign.
    signature: Option<GrafanaSignature>,
}

/// What a message in the room is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum NoticePer {
    #[default]
    Group,
    Alert,
}

impl FromToml for NoticePer {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "\"group\" or \"alert\"";
        match text(value, expected)? {
            "group" => Ok(Self::Group),
            "alert" => Ok(Self::Alert),
            _ => Err(format!("expected {expected}")),
        }
    }
}

/// Reads the table of an Alertmanager.
pub(crate) fn alertmanager(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    let incoming = HookTable::parse_if_called(fields, Alerts::alertmanager(fields));
    TwoWay::parse(fields, incoming, "api_url", silence::parse, silence::DEEDS)
}

/// Reads the table of a Grafana.
pub(crate) fn grafana(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    let table = HookTable::parse(fields, Alerts::grafana(fields))?;
    Some(Box::new(table))
}

impl Alerts {
    /// Reads the options of its own.
    pub(crate) fn alertmanager(fields: &Fields<'_>) -> Self {
        Self { notice: fields.or("notice", NoticePer::default()), signature: None }
    }

    /// Reads the options of its own.
    pub(crate) fn grafana(fields: &Fields<'_>) -> Self {
        let notice = fields.or("notice", NoticePer::default());
        Self { notice, signature: Some(GrafanaSignature::parse(fields)) }
    }
}

impl Dialect for Alerts {
    fn template(&self) -> &'static str {
        include_str!("alerts/message.j2")
    }

    fn scheme(&self) -> Option<&dyn Scheme> {
        self.signature.as_ref().map(|signature| signature as &dyn Scheme)
    }

    fn take(&self, call: &Call) -> Result<Vec<Taken>, HookError> {
        let mut shared = body::json(&call.body)?;
        let alerts = match shared.get_mut("alerts").map(Value::take) {
            Some(Value::Array(alerts)) if !alerts.is_empty() => alerts,
            _ => return Err(HookError::Malformed("the body holds no alerts")),
        };
        if self.notice == NoticePer::Group {
            return Ok(vec![Taken::whole(call)]);
        }
        if let Some(fields) = shared.as_object_mut() {
            // The labels and notes that all have in common stand in each of them besides.
            fields.retain(|_, value| !value.is_object());
        }
        if shared.to_string().len().saturating_mul(alerts.len()) > LARGEST {
            return Ok(vec![Taken::whole(call)]);
        }
        let alone = |alert: Value| {
            let mut one = shared.clone();
            one["status"] = alert.get("status").cloned().unwrap_or_default();
            one["alerts"] = json!([alert]);
            Taken { body: one.to_string().into(), ..Taken::whole(call) }
        };
        Ok(alerts.into_iter().map(alone).collect())
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let value = value_of(received)?;
        let alerts = value.get("alerts").and_then(Value::as_array);
        let alerts = alerts.map(Vec::as_slice).unwrap_or_default();
        let ends = is_resolved(&value);
        let id = match (self.notice, alerts) {
            (NoticePer::Alert, [alert]) => id_of_alert(alert),
            _ => word(&value, "groupKey").unwrap_or_default().to_owned(),
        };
        let id = if id.len() > LONGEST_ID { fingerprint(id.as_bytes()) } else { id };
        let handle = Handle::of(&value, self.notice == NoticePer::Alert);
        let matter = Matter { id: MessageId::new(&id), ends, handle: handle.write() };
        let severity = if ends { Some(Severity::Info) } else { worst(alerts) };
        let matter = Some(matter).filter(|_| !id.is_empty());
        Ok(Reading::of(value, Notice { severity, matter, ..Notice::default() }))
    }
}

fn word<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn is_resolved(value: &Value) -> bool {
    word(value, "status") == Some("resolved")
}

/// What tells an alert from all others: its fingerprint, which is over its labels.
fn id_of_alert(alert: &Value) -> String {
    match word(alert, "fingerprint") {
        Some(fingerprint) => fingerprint.to_owned(),
        None => fingerprint(alert["labels"].to_string().as_bytes()),
    }
}

/// The label `severity` of the worst alert that goes on.
fn worst(alerts: &[Value]) -> Option<Severity> {
    let firing = alerts.iter().filter(|alert| !is_resolved(alert));
    firing.filter_map(|alert| severity::read(word(alert.get("labels")?, "severity")?)).max()
}
