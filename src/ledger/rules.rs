//! What the rules stand on: what is known of a contact, what was spent, which bridges pause.
//!
//! Contacts and tallies are read, changed and written back, so whoever changes them holds the
//! pipeline's one lock for it from the read to the commit; there is no other writer.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use viadukt_api::{Address, RoomId, Timestamp, WorkerName};

use super::{Draft, Ledger, PAUSED, records};
use crate::store::{Space, StoreError};

/// What is known of a party on a bridge's far side, besides what it said. Kept under a keyed
/// hash; the record itself does not say whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The bridge it is known on, once something new was learned of it.
    #[serde(default)]
    pub bridge: Option<WorkerName>,
    /// Since when it wants no messages.
    #[serde(default)]
    pub stopped: Option<Timestamp>,
    /// Since when nothing of it is shown.
    #[serde(default)]
    pub blocked: Option<Timestamp>,
    /// When somebody said that it may write.
    #[serde(default)]
    pub approved: Option<Timestamp>,
    /// When it was last answered what.
    #[serde(default)]
    pub answered: BTreeMap<Answer, Timestamp>,
}

/// What a contact is kept under: a keyed hash of its bridge and its address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContactId([u8; 32]);

impl ContactId {
    /// A short name, telling nobody who it is without the store's key.
    pub fn alias(&self) -> String {
        self.0.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ContactId {
    type Err = String;

    /// The form that [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, String> {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| "expected 64 hexadecimal digits".to_owned())
    }
}

/// What viadukt answers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The first message of a conversation has come.
    FirstContact,
    /// Nobody is there at this hour.
    OutOfHours,
    /// A message could not be shown.
    Undeliverable,
    /// No further messages will come.
    Stop,
    /// Messages will come again.
    Start,
    /// Who we are.
    Help,
}

impl Answer {
    /// Its word in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstContact => "first-contact",
            Self::OutOfHours => "out-of-hours",
            Self::Undeliverable => "undeliverable",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Help => "help",
        }
    }
}

/// Who or what spends.
pub enum Account {
    /// Everything that goes to one recipient.
    Recipient(Address),
    /// Everything that one user writes.
    User(Address),
    /// Everything that is written in one room.
    Room(RoomId),
    /// Everything on the bridge.
    Bridge,
}

/// What an account spent in the period that ends at `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub until: Timestamp,
    pub units: u32,
}

impl Draft<'_> {
    /// What is known of `party` on `bridge`.
    pub fn contact(&self, bridge: &WorkerName, party: &Address) -> Result<Contact, StoreError> {
        Ok(self.get(Space::Contact, &self.contact_key(bridge, party))?.unwrap_or_default())
    }

    /// A short name for `party` on `bridge` that may stand in a log: the same at every message,
    /// and telling nobody who it is without the store's key.
    pub fn alias(&self, bridge: &WorkerName, party: &Address) -> String {
        ContactId(self.contact_key(bridge, party)).alias()
    }

    /// Writes what is known of `party` on `bridge`.
    pub fn set_contact(&mut self, bridge: &WorkerName, party: &Address, contact: &Contact) {
        let contact = Contact { bridge: Some(bridge.clone()), ..contact.clone() };
        self.put(Space::Contact, &self.contact_key(bridge, party), &contact);
    }

    /// Shows again what the contact `id` writes; `false` when nothing of it was hidden.
    pub fn unblock(&mut self, id: ContactId) -> Result<bool, StoreError> {
        let Some(mut contact) = self.get::<Contact>(Space::Contact, &id.0)? else {
            return Ok(false);
        };
        let was_blocked = contact.blocked.take().is_some();
        self.put(Space::Contact, &id.0, &contact);
        Ok(was_blocked)
    }

    /// How many units `account` of `bridge` spent in the period that ends at `until`.
    pub fn spent(
        &self,
        bridge: &WorkerName,
        account: &Account,
        until: Timestamp,
    ) -> Result<u32, StoreError> {
        let tally: Option<Tally> =
            self.get(Space::Tally, &self.tally_key(bridge, account, until))?;
        Ok(tally.map_or(0, |tally| tally.units))
    }

    /// Adds `units` to what `account` of `bridge` spent in the period that ends at `until`.
    pub fn spend(
        &mut self,
        bridge: &WorkerName,
        account: &Account,
        until: Timestamp,
        units: u32,
    ) -> Result<(), StoreError> {
        let units = self.spent(bridge, account, until)?.saturating_add(units);
        let key = self.tally_key(bridge, account, until);
        self.put(Space::Tally, &key, &Tally { until, units });
        Ok(())
    }

    /// Says since when `bridge` pauses; `None`: it goes on.
    pub fn set_paused(&mut self, bridge: &WorkerName, since: Option<Timestamp>) {
        let key = [PAUSED, bridge.as_str().as_bytes()].concat();
        self.write(Space::Meta, &key, since.map(|since| records::pack(&(bridge, since))));
    }

    fn contact_key(&self, bridge: &WorkerName, party: &Address) -> [u8; 32] {
        // As in [`Conversation::has`]: a mail address is the same in any case (RFC 5321 2.4 lets the
        // local part differ; nobody's does).
        self.lookup(&format!("contact/{bridge}"), &party.as_str().to_ascii_lowercase())
    }

    /// With its end in the key, a period's tally is never written again once it is over, and
    /// can be swept away at leisure.
    fn tally_key(&self, bridge: &WorkerName, account: &Account, until: Timestamp) -> Vec<u8> {
        let (kind, name) = match account {
            Account::Recipient(party) => ("recipient", party.as_str().to_ascii_lowercase()),
            Account::User(user) => ("user", user.as_str().to_owned()),
            Account::Room(room) => ("room", room.as_str().to_owned()),
            Account::Bridge => ("bridge", String::new()),
        };
        let hash = self.lookup(&format!("{kind}/{bridge}"), &name);
        [&hash[..], &until.0.to_be_bytes()].concat()
    }
}

impl Ledger {
    /// Every contact of whom something is known.
    pub fn contacts(&self) -> Result<Vec<(ContactId, Contact)>, StoreError> {
        let mut contacts = Vec::new();
        self.each_row(Space::Contact, |key, value| {
            if let Ok(key) = key.try_into() {
                contacts.push((ContactId(key), records::unpack(value)?));
            }
            Ok(())
        })?;
        Ok(contacts)
    }

    /// The bridges that pause because somebody said so.
    pub fn paused_bridges(&self) -> Result<Vec<WorkerName>, StoreError> {
        let rows = self.store.scan(Space::Meta, PAUSED, None, usize::MAX)?;
        let bridge = |value: &[u8]| Ok(records::unpack::<(WorkerName, Timestamp)>(value)?.0);
        rows.iter().map(|(_, value)| bridge(value)).collect()
    }
}
