//! What people and logs use to speak of a message or of one delivery of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use viadukt_api::{DeliveryId, ItemId};

/// What people and logs use to speak of a message (`01JD2Z…`) or of one delivery of it
/// (`01JD2Z…-0`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// The message.
    Item(ItemId),
    /// One delivery.
    Delivery(DeliveryId),
}

impl Reference {
    /// The message that it is about.
    pub fn item(self) -> ItemId {
        match self {
            Self::Item(item) => item,
            Self::Delivery(delivery) => delivery.item,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(item) => item.fmt(f),
            Self::Delivery(delivery) => delivery.fmt(f),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('-') {
            return text.parse().map(Self::Delivery);
        }
        let item = text.parse().map_err(|_| "expected a reference like 01JD2Z… or 01JD2Z…-0")?;
        Ok(Self::Item(item))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_message_or_a_delivery() {
        for text in ["01JD2Z5Y3V0Q8R6T4W2X1Z9B7C", "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C-3"] {
            assert_eq!(text.parse::<Reference>().map(|read| read.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "-", "x-0", "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C-x", "01JD2Z"] {
            assert!(text.parse::<Reference>().is_err(), "{text:?} was taken");
        }
    }
}
