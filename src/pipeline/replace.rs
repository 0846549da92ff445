//! The latest word takes the place of the one before it.

use viadukt_api::{Form, MessageId, RoomId, Target};

use super::Pipeline;
use crate::ledger::{Delivery, Draft, Place, Role};
use crate::store::StoreError;

impl Pipeline {
    /// The event in `room` whose place `delivery` takes: it replaces what its origin began, and
    /// that is shown there. The order of its lane sees to it that this is settled before its
    /// turn, and the same before and after an attempt.
    pub(super) fn replaced(
        &self,
        draft: &Draft<'_>,
        delivery: &Delivery,
        room: Option<&RoomId>,
    ) -> Result<Option<MessageId>, StoreError> {
        let (Role::Replaces, Some(origin)) = (delivery.role, &delivery.origin) else {
            return Ok(None);
        };
        let shown = draft.mapped(&origin.worker, &origin.message)?;
        // Events of a room that was left cannot be edited in the new one.
        let shown = shown.filter(|shown| room.is_some() && shown.room.as_ref() == room);
        Ok(shown.and_then(|shown| shown.counterpart).filter(|_| self.hub.edits().is_some()))
    }

    /// `form` as an edit, where it takes the place of an event.
    pub(super) fn in_place(
        &self,
        delivery: &Delivery,
        target: &Target,
        form: Form,
    ) -> Result<Form, StoreError> {
        let Target::Room { room, .. } = target else { return Ok(form) };
        let replaced = self.replaced(&self.ledger.draft(), delivery, Some(room))?;
        Ok(match (form, replaced) {
            (Form::Say { sender, content, automatic, .. }, Some(of)) => {
                Form::Edit { of, sender, content, automatic }
            }
            (form, _) => form,
        })
    }

    /// Whether `delivery` needs more protection than the room gives that it would go to now:
    /// its conversation may have moved since it was judged.
    pub(super) fn above_room(
        &self,
        draft: &Draft<'_>,
        delivery: &Delivery,
    ) -> Result<bool, StoreError> {
        let home = delivery.conversation.map(|id| draft.home(id)).transpose()?;
        let room = self.policy.level(&delivery.bridge, &home.unwrap_or(Place::Main));
        Ok(room.is_some_and(|room| delivery.level > Some(room)))
    }
}
