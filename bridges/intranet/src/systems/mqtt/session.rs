//! Our session with the broker: what we are subscribed to there, in step with the
//! configuration.
//!
//! A session outlives the process, and so do its subscriptions. What is no longer configured
//! must be given up: a share of a group's messages would still come here and be taken from the
//! others (MQTT 5.0, 4.8.2). What is subscribed to already is not subscribed to again: the
//! broker would send what it retained once more (3.8.4). So the filters are kept beside the
//! messages.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use viadukt_api::{Inbox, Intake, Reason};

use super::Mqtt;
use super::compose;
use super::connection::{Connection, Trouble};
use super::listen::End;
use super::recent::Recent;
use super::wire::Packet;
use crate::reader::told;

const SUBSCRIBE: u16 = 1;
const UNSUBSCRIBE: u16 = 2;
/// For [`super::listen`].
pub(super) const BIRTH: u16 = 3;

/// What a session begins with.
pub(super) struct Begun {
    pub(super) recent: Recent,
    /// Filters that the broker refuses, as they are called in the configuration, and why.
    pub(super) refused: Option<String>,
}

impl Mqtt {
    /// Brings the broker's subscriptions in step with the configuration. Whether the broker has
    /// forgotten us since the last time is told in the room.
    pub(super) async fn subscribe(
        &self,
        connection: &mut Connection,
        inbox: &Inbox,
    ) -> Result<Begun, End> {
        let mut known = self.known_filters()?;
        let mut recent =
            Recent::read(&self.context.keep.get(&self.key("recent"))?.unwrap_or_default());
        let had_session = !known.is_empty() || !recent.is_empty();
        if had_session && !connection.granted.session_present {
            let now = self.context.env.now();
            let reason = Reason::new("mqtt-session-lost").with("system", &self.name);
            let item = told::tell(&self.name, now.0.to_string(), now, &reason).into_item();
            let mut keep: Vec<_> = known.into_keys().map(|key| (key, None)).collect();
            keep.push((self.key("recent"), None));
            inbox.accept(Intake { items: vec![item], keep }).await?;
            (known, recent) = (BTreeMap::new(), Recent::default());
        }
        self.unsubscribe(connection, &known).await?;
        let refused = self.subscribe_to_new(connection, &known).await?;
        Ok(Begun { recent, refused })
    }

    /// Whether the broker keeps our session for a shorter time than we asked for.
    pub(super) fn shortened(&self, connection: &Connection) -> Option<u32> {
        let granted = connection.granted.properties.session_expiry?;
        (u64::from(granted) < self.section.session_expiry.as_secs()).then_some(granted)
    }

    async fn unsubscribe(
        &self,
        connection: &mut Connection,
        known: &BTreeMap<String, String>,
    ) -> Result<(), End> {
        let wanted = |filter: &String| self.section.topics.filters.contains(filter);
        let gone: Vec<_> = known.iter().filter(|(_, filter)| !wanted(filter)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let filters: Vec<_> = gone.iter().map(|(_, filter)| filter.as_str()).collect();
        let request = compose::unsubscribe(self.section.version, UNSUBSCRIBE, &filters);
        connection.write(&request).await?;
        let is_answer = |packet: &Packet| matches!(packet, Packet::Unsuback(UNSUBSCRIBE));
        connection.answer(|packet| is_answer(packet).then_some(())).await?;
        for (key, _) in gone {
            self.context.keep.put(key, None).await?;
        }
        Ok(())
    }

    async fn subscribe_to_new(
        &self,
        connection: &mut Connection,
        known: &BTreeMap<String, String>,
    ) -> Result<Option<String>, End> {
        let new = |filter: &&String| !known.contains_key(&self.filter_key(filter));
        let filters: Vec<_> =
            self.section.topics.filters.iter().filter(new).map(String::as_str).collect();
        if filters.is_empty() {
            return Ok(None);
        }
        let (version, retained) = (self.section.version, self.section.retained);
        connection.write(&compose::subscribe(version, SUBSCRIBE, &filters, retained)).await?;
        let reasons = connection
            .answer(|packet| match packet {
                Packet::Suback(SUBSCRIBE, reasons) => Some(reasons.clone()),
                _ => None,
            })
            .await?;
        if reasons.len() != filters.len() {
            let what = "the broker did not answer to each filter".to_owned();
            return Err(Trouble::Away(what).into());
        }
        let mut refused = None;
        for (filter, reason) in filters.into_iter().zip(reasons) {
            if reason < 0x80 {
                let key = self.filter_key(filter);
                self.context.keep.put(&key, Some(filter.as_bytes().to_vec())).await?;
            } else {
                let place = self.section.topics.filters.iter().position(|known| known == filter);
                let place = place.unwrap_or_default();
                refused = Some(format!("the broker refuses subscribe[{place}] (0x{reason:02x})"));
            }
        }
        Ok(refused)
    }

    /// The filters that the broker has from us, by the keys under which they are kept.
    fn known_filters(&self) -> Result<BTreeMap<String, String>, End> {
        let kept = self.context.keep.starting_with(&self.key("filter/"))?;
        let filter = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(kept.into_iter().map(|(key, bytes)| (key, filter(bytes))).collect())
    }

    fn filter_key(&self, filter: &str) -> String {
        let digest = Sha256::digest(filter);
        let digest: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        self.key(&format!("filter/{digest}"))
    }
}
