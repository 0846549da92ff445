//! What the console asks besides: conversations, contacts, a test message, and the record of what
//! was done.

use ulid::Ulid;
use viadukt_api::{DeliveryId, Form, ItemId, WorkerName};

use super::Pipeline;
use super::operations::failed;
use crate::http::views::{ContactView, ConversationView, ConversationsView, DoneView, Home};
use crate::http::{OperationError, Reference};
use crate::ledger::{ContactId, Conversation, Decision, Delivery, Done, Lane, Place, Step, Way};
use crate::store::StoreError;

/// So many conversations, and entries of the record, are shown.
const SHOWN: usize = 200;

impl Pipeline {
    /// The conversations that had a message last.
    pub(super) fn conversation_views(&self) -> Result<ConversationsView, StoreError> {
        let draft = self.ledger.draft();
        let mut views = ConversationsView::default();
        self.ledger.conversations(|conversation, home| {
            let Conversation { id, bridge, remotes, messages, began_at, last_at, .. } =
                conversation;
            *views.total.entry(bridge.clone()).or_default() += 1;
            let parties = remotes.iter().map(|party| draft.alias(&bridge, party)).collect();
            let home = home_view(home);
            let view = ConversationView { id, bridge, home, parties, messages, began_at, last_at };
            views.latest.push(view);
            if views.latest.len() >= 2 * SHOWN {
                keep_latest(&mut views.latest);
            }
        })?;
        keep_latest(&mut views.latest);
        Ok(views)
    }

    /// Everyone who wants no messages or is blocked, the latest first.
    pub(super) fn contact_views(&self) -> Result<Vec<ContactView>, StoreError> {
        let contacts = self.ledger.contacts()?.into_iter();
        let told = contacts.filter(|(_, known)| known.stopped.or(known.blocked).is_some());
        let mut views: Vec<_> = told
            .map(|(id, known)| ContactView {
                id: id.to_string(),
                alias: id.alias(),
                bridge: known.bridge,
                stopped: known.stopped,
                blocked: known.blocked,
            })
            .collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.stopped.max(view.blocked)));
        Ok(views)
    }

    /// Shows again what a contact writes.
    pub(super) async fn unblock_contact(&self, id: &str) -> Result<(), OperationError> {
        let id: ContactId = id.parse().map_err(|_| OperationError::Unknown)?;
        let _contacts = self.contacts.lock().await;
        let mut draft = self.ledger.draft();
        if !draft.unblock(id).map_err(failed)? {
            return Err(OperationError::Unknown);
        }
        self.ledger.commit(draft).await.map_err(failed)
    }

    /// Says a sentence in the room of `bridge`, on the way that every message takes into a room:
    /// the store, the outbox, the lanes, the hub, the room's encryption. Nothing leaves to the
    /// far side, so nobody outside is disturbed and nothing is spent.
    pub(super) async fn say_in_room(
        &self,
        bridge: &WorkerName,
    ) -> Result<Reference, OperationError> {
        if !self.bridges.contains_key(bridge) {
            return Err(OperationError::Unknown);
        }
        let now = self.env.now();
        let mut random = [0; 16];
        self.env.entropy.fill(&mut random);
        let item = ItemId(Ulid::from_parts(now.0, u128::from_be_bytes(random)));
        let form = Form::Notice { text: self.words.say("test-message", &[]) };
        let form = self.ledger.payload(&form).map_err(failed)?;
        let id = DeliveryId { item, part: 0 };
        let delivery = Delivery::new(id, Lane::of_bridge(bridge), bridge, now, form);
        let delivery = Delivery { to: WorkerName::hub(), ..delivery };
        let mut draft = self.ledger.draft();
        draft.step(
            item,
            &Step {
                at: now,
                way: Way::Decided { what: Decision::Tested, by: "console".to_owned() },
            },
        );
        draft.set_delivery(&delivery);
        self.ledger.commit(draft).await.map_err(failed)?;
        self.lanes.add([delivery]);
        Ok(Reference::Item(item))
    }

    /// Adds to the record of what operators did.
    pub(super) async fn add_done(&self, done: DoneView) -> Result<(), StoreError> {
        let DoneView { at, who, proof, what, about } = done;
        let mut random = [0; 8];
        self.env.entropy.fill(&mut random);
        let mut draft = self.ledger.draft();
        draft.record_done(&Done { at, who, proof, what, about }, random);
        self.ledger.commit(draft).await
    }

    /// The record, the latest first.
    pub(super) fn done_views(&self) -> Result<Vec<DoneView>, StoreError> {
        let view = |Done { at, who, proof, what, about }| DoneView { at, who, proof, what, about };
        Ok(self.ledger.done(SHOWN)?.into_iter().map(view).collect())
    }
}

/// Leaves no more than are shown, the latest first.
fn keep_latest(views: &mut Vec<ConversationView>) {
    views.sort_by_key(|view| std::cmp::Reverse(view.last_at.unwrap_or(view.began_at)));
    views.truncate(SHOWN);
}

fn home_view(place: Place) -> Home {
    match place {
        Place::Main => Home::Main,
        Place::Team(name) => Home::Team(name),
        Place::Intake => Home::Intake,
        Place::Own => Home::Own,
    }
}
