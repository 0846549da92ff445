//! Identifiers, a type for each. Those that may name a person never print it: their `Debug`
//! shows the kind alone, and they have no `Display`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// Makes a string type whose `Debug` keeps the content to itself.
macro_rules! private_string {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps `text` as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text, for the wire and the store; never for a log.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

private_string! {
    /// A party on either side: a mail address, an MSISDN, a Matrix user id, a system's name.
    Address
}

private_string! {
    /// A message's id in its own network: a Matrix event id, an RFC 5322 Message-ID (without
    /// the angle brackets), a gateway's message id.
    MessageId
}

private_string! {
    /// A Matrix room id.
    RoomId
}

/// The name of a worker: a bridge's name in the configuration, or `matrix` for the hub.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerName(String);

impl WorkerName {
    /// The hub's reserved name.
    pub fn hub() -> Self {
        Self("matrix".to_owned())
    }

    /// Whether this names the hub.
    pub fn is_hub(&self) -> bool {
        self.0 == "matrix"
    }

    /// The name; it names no person and may stand in logs and labels.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WorkerName {
    type Err = String;

    /// Lower-case letters, digits and hyphens, a letter first, at most 32 characters.
    fn from_str(text: &str) -> Result<Self, String> {
        let fits = text.len() <= 32
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected a name of lower-case letters, digits and hyphens, a letter first, \
                 at most 32 characters"
                .to_owned())
        }
    }
}

/// Makes an id of ours: a ULID, so that order of creation is order of bytes.
macro_rules! our_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Ulid);

        impl $name {
            /// The sixteen bytes, big-endian: their order is the order of creation.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ulid::DecodeError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ulid::from_string(text).map(Self)
            }
        }
    };
}

our_id! {
    /// An accepted item; the reference that people and logs use for one message's way.
    ItemId
}

our_id! {
    /// A conversation.
    ConversationId
}

/// One message on its way to one recipient: the item it came from and its place among the
/// deliveries of that item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId {
    /// The item that caused it.
    pub item: ItemId,
    /// Which of the item's deliveries, from 0.
    pub part: u16,
}

impl DeliveryId {
    /// The eighteen bytes, in order of creation.
    pub fn to_bytes(self) -> [u8; 18] {
        let mut bytes = [0; 18];
        bytes[..16].copy_from_slice(&self.item.to_bytes());
        bytes[16..].copy_from_slice(&self.part.to_be_bytes());
        bytes
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.item, self.part)
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DeliveryId {
    type Err = String;

    /// The form that [`fmt::Display`] writes: `ITEM-PART`.
    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || "expected a reference like 01JD2Z…-0".to_owned();
        let (item, part) = text.rsplit_once('-').ok_or_else(malformed)?;
        Ok(Self {
            item: item.parse().map_err(|_| malformed())?,
            part: part.parse().map_err(|_| malformed())?,
        })
    }
}
