//! Which messages may come again.
//!
//! A message is acknowledged after it has become durable. When the connection breaks before the
//! broker has read that, it sends the message again, with the same packet id and a mark
//! (MQTT 5.0, 4.4). A mark and an id prove nothing: an id that the broker has seen acknowledged
//! is given to another message, which may say the same (a sensor does), be lost on its way, and
//! come again with a mark as well. Dropping it would lose it. So it is taken, and told to be
//! perhaps a repetition.

use std::collections::VecDeque;

use sha2::{Digest, Sha256};

use super::wire::{Payload, Publish};

/// How many messages a broker may have sent without hearing of any: what we tell it, where the
/// version lets us.
pub(crate) const WINDOW: u16 = 256;
/// An id and a digest in bytes; all of them fit into one value of the store.
const ENTRY: usize = 10;

/// The latest messages that were accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recent(VecDeque<[u8; ENTRY]>);

impl Recent {
    /// Reads what [`Recent::bytes`] wrote.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self(bytes.as_chunks().0.iter().copied().collect())
    }

    /// Remembers an accepted message. With QoS 0 nothing comes again.
    pub(crate) fn push(&mut self, publish: &Publish) {
        if publish.id != 0 {
            self.0.push_back(entry(publish));
            if self.0.len() > WINDOW.into() {
                self.0.pop_front();
            }
        }
    }

    /// Whether this may be one of them, sent again.
    pub(crate) fn knows(&self, publish: &Publish) -> bool {
        publish.again && publish.id != 0 && self.0.contains(&entry(publish))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.iter().flatten().copied().collect()
    }
}

fn entry(publish: &Publish) -> [u8; ENTRY] {
    let mut digest = Sha256::new();
    digest.update(publish.topic.as_bytes());
    digest.update([0]);
    match &publish.payload {
        Payload::Whole(bytes) => digest.update(bytes),
        Payload::LeftOut(size) => digest.update(size.to_be_bytes()),
    }
    let mut entry = [0; ENTRY];
    entry[..2].copy_from_slice(&publish.id.to_be_bytes());
    entry[2..].copy_from_slice(&digest.finalize()[..ENTRY - 2]);
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(id: u16, again: bool, text: &'static str) -> Publish {
        let payload = Payload::Whole(text.into());
        let topic = "sensor/1".to_owned();
        Publish { topic, id, again, retained: false, origin: None, payload }
    }

    #[test]
    fn only_what_was_accepted_and_comes_again_is_known() {
        let mut recent = Recent::default();
        recent.push(&publish(7, false, "21.5"));
        recent.push(&publish(0, false, "qos 0"));
        let recent = Recent::read(&recent.bytes());
        assert!(recent.knows(&publish(7, true, "21.5")));
        assert!(!recent.knows(&publish(7, false, "21.5")), "a new message under an old id");
        assert!(!recent.knows(&publish(8, true, "21.5")), "the same reading, sent later");
        assert!(!recent.knows(&publish(7, true, "21.6")));
        assert!(!recent.knows(&publish(0, true, "qos 0")));
    }

    #[test]
    fn it_fits_into_one_value_and_forgets_the_oldest() {
        let mut recent = Recent::default();
        for id in 1..=WINDOW + 1 {
            recent.push(&publish(id, false, "x"));
        }
        assert!(recent.bytes().len() <= 3 << 10);
        assert!(!recent.knows(&publish(1, true, "x")));
        assert!(recent.knows(&publish(2, true, "x")));
        assert!(recent.knows(&publish(WINDOW + 1, true, "x")));
    }
}
