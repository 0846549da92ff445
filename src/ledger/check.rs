//! Reading every record as what its key says it is, and following what it names.

use std::collections::HashSet;

use viadukt_api::{ConversationId, RoomId, Timestamp, WorkerName};

use super::matter::{MATTER, Matter, Shown};
use super::place::FURTHER_ROOM;
use super::records::{
    Accepted, Attempt, Conversation, Dead, DeadWhat, Delivery, Mapped, Parsing, Replaced,
    is_attempt, unpack,
};
use super::rules::Tally;
use super::sweep::insert_payload;
use super::{
    Awaited, BRIDGE_ROOM, Contact, Done, Exchange, Fate, Gathered, LAST_ITEM, Ledger, Named, PAGE,
    PARSING, PAUSED, Place, REPLACED_ROOM, Step, Thread, conversation_key, item_from,
};
use crate::store::{Batch, Row, Space, StoreError};

/// A fault that keeps nothing from working but the answer to an answer.
const ONE_WAY: &str = "the way back to it is missing";

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of record, such as `outbox`.
    pub kind: String,
    /// What people call it: a message's reference where there is one, else a fingerprint of the
    /// record's key, which may speak of a person.
    pub name: String,
    /// What is wrong.
    pub what: String,
}

impl Fault {
    /// A fault of `row`.
    pub fn of(row: &Row, what: impl Into<String>) -> Self {
        let kind = format!("{:?}", row.space).to_lowercase();
        Self { kind, name: name(row), what: what.into() }
    }
}

/// What a row holds, as far as other rows and files are concerned.
enum Held {
    /// Nothing that stands for others.
    Nothing,
    Accepted(Accepted),
    Delivery(Delivery),
    Dead(Dead),
    Matter(Matter),
    Mapped(Mapped),
}

impl Ledger {
    /// Reads `row` and whatever it needs: why it is of no use, if it is not. `files` are the spool
    /// files that are there and whole.
    pub fn examine(
        &self,
        row: &Row,
        files: &HashSet<[u8; 32]>,
    ) -> Result<Option<String>, StoreError> {
        let held = match held(row) {
            Ok(held) => held,
            Err(StoreError::Damaged(why)) => return Ok(Some(why)),
            Err(error) => return Err(error),
        };
        let mut needed = HashSet::new();
        let read = match &held {
            Held::Accepted(accepted) => self.live_of_item(accepted, &mut needed),
            Held::Delivery(delivery) => self.live_of_delivery(delivery, &mut needed),
            Held::Dead(Dead { what: DeadWhat::Item(item), .. }) => {
                self.live_of_item(item, &mut needed)
            }
            Held::Dead(Dead { what: DeadWhat::Delivery(delivery), .. }) => {
                self.live_of_delivery(delivery, &mut needed)
            }
            Held::Matter(matter) => {
                insert_payload(&mut needed, &matter.report);
                Ok(())
            }
            Held::Mapped(_) | Held::Nothing => Ok(()),
        };
        match read {
            Err(StoreError::Damaged(why)) => return Ok(Some(why)),
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        let missing = needed.iter().filter(|hash| !files.contains(*hash)).count();
        if missing > 0 {
            return Ok(Some(format!("{missing} of its spool files are missing or damaged")));
        }
        self.unfollowed(&held)
    }

    /// Takes out what is of no use; says what that was.
    pub async fn set_aside(&self, files: &HashSet<[u8; 32]>) -> Result<Vec<Fault>, StoreError> {
        let (mut gone, mut batch) = (Vec::new(), Batch::default());
        self.each(PAGE, |row| {
            if let Some(what) = self.examine(row, files)?.filter(|what| what != ONE_WAY) {
                gone.push(Fault::of(row, what));
                batch.remove(row.space, row.key.clone());
                if row.space == Space::Outbox && !is_attempt(&row.key) {
                    let attempt = row.key.iter().copied().take(35).chain([1]).collect::<Vec<_>>();
                    batch.remove(Space::Outbox, attempt);
                }
            }
            Ok(())
        })?;
        self.store.commit(batch).await?;
        Ok(gone)
    }

    /// What a row names that is not in the store.
    fn unfollowed(&self, held: &Held) -> Result<Option<String>, StoreError> {
        let conversation = match held {
            Held::Mapped(mapped) => Some(mapped.conversation),
            Held::Delivery(delivery) => delivery.conversation,
            Held::Matter(matter) => Some(matter.conversation),
            Held::Nothing | Held::Accepted(_) | Held::Dead(_) => None,
        };
        let Some(id) = conversation else { return Ok(None) };
        let key = conversation_key(id, 0);
        let Some(bytes) = self.store.get(Space::Conversation, &key)? else {
            return Ok(Some("its conversation is missing".to_owned()));
        };
        let (Held::Mapped(mapped), Ok(conversation)) = (held, unpack::<Conversation>(&bytes))
        else {
            return Ok(None);
        };
        let Some(counterpart) = &mapped.counterpart else { return Ok(None) };
        for worker in [&WorkerName::hub(), &conversation.bridge] {
            if self.store.get(Space::Map, &self.map_key(worker, counterpart))?.is_some() {
                return Ok(None);
            }
        }
        Ok(Some(ONE_WAY.to_owned()))
    }
}

/// Reads a row as what its key says it is.
fn held(row: &Row) -> Result<Held, StoreError> {
    let (key, value) = (row.key.as_slice(), row.value.as_slice());
    let nothing = |read: Result<(), StoreError>| read.map(|()| Held::Nothing);
    match row.space {
        Space::Meta if key == LAST_ITEM => {
            item_from(value).map(|_| Held::Nothing).ok_or_else(|| {
                StoreError::Damaged("the last reference given is unreadable".to_owned())
            })
        }
        Space::Meta if key == PARSING => nothing(unpack::<Parsing>(value).map(drop)),
        Space::Meta if key.starts_with(PAUSED) => {
            nothing(unpack::<(WorkerName, Timestamp)>(value).map(drop))
        }
        // The store's own, and what workers keep in their own form.
        Space::Meta | Space::Keep => Ok(Held::Nothing),
        Space::Journal => unpack(value).map(Held::Accepted),
        Space::Outbox if is_attempt(key) => nothing(unpack::<Attempt>(value).map(drop)),
        Space::Outbox => unpack(value).map(Held::Delivery),
        Space::Dedupe => nothing(unpack::<Timestamp>(value).map(drop)),
        Space::Map => unpack(value).map(Held::Mapped),
        Space::Conversation => nothing(match (key.len(), key.last()) {
            (17, Some(0)) => unpack::<Conversation>(value).map(drop),
            (17, Some(1)) => unpack::<Thread>(value).map(drop),
            (17, _) => unpack::<Place>(value).map(drop),
            _ => unpack::<Exchange>(value).map(drop),
        }),
        Space::Dead => unpack(value).map(Held::Dead),
        Space::Trail => nothing(unpack::<Step>(value).map(drop)),
        Space::Room if key.starts_with(BRIDGE_ROOM) => {
            nothing(unpack::<(WorkerName, RoomId)>(value).map(drop))
        }
        Space::Room if key.starts_with(REPLACED_ROOM) => {
            nothing(unpack::<Replaced>(value).map(drop))
        }
        Space::Room if key.starts_with(FURTHER_ROOM) => {
            nothing(unpack::<(WorkerName, Place, RoomId)>(value).map(drop))
        }
        Space::Room => nothing(unpack::<(WorkerName, ConversationId)>(value).map(drop)),
        Space::Contact => nothing(unpack::<Contact>(value).map(drop)),
        Space::Tally => nothing(unpack::<Tally>(value).map(drop)),
        Space::Named => nothing(unpack::<Named>(value).map(drop)),
        Space::Done => nothing(unpack::<Done>(value).map(drop)),
        Space::Fate => nothing(unpack::<Fate>(value).map(drop)),
        Space::Awaited => nothing(unpack::<Awaited>(value).map(drop)),
        Space::Matter if key.first() == Some(&MATTER) => unpack(value).map(Held::Matter),
        Space::Matter => nothing(unpack::<Shown>(value).map(drop)),
        Space::Gathered => {
            unpack::<Gathered>(value).map(|gathered| Held::Delivery(gathered.delivery))
        }
    }
}

fn name(row: &Row) -> String {
    let key = row.key.as_slice();
    let item = match row.space {
        Space::Journal => item_from(key),
        Space::Trail | Space::Dead | Space::Fate => key.get(..16).and_then(item_from),
        Space::Outbox => key.get(17..33).and_then(item_from),
        _ => None,
    };
    item.map_or_else(|| row.fingerprint(), |item| item.to_string())
}
