//! What must be doubted when time was turned back.

use super::Ledger;
use crate::store::StoreError;

/// Deliveries written with one commit.
const BATCH: usize = 256;

impl Ledger {
    /// Marks every delivery towards a far side as one whose attempt was cut short; gives their
    /// number. A store that comes from a backup does not know what was delivered since, so each
    /// of them may have arrived already. What goes into rooms is looked for there by the hub.
    pub async fn doubt_outbox(&self) -> Result<u64, StoreError> {
        let mut doubted = Vec::new();
        self.outbox(|delivery, attempt| {
            if delivery.remote.is_some() {
                let mut attempt = attempt.unwrap_or_default();
                if !attempt.under_way {
                    attempt.begin(delivery.accepted_at);
                }
                doubted.push((delivery.lane, delivery.id, attempt));
            }
            Ok(())
        })?;
        for some in doubted.chunks(BATCH) {
            let mut draft = self.draft();
            for (lane, id, attempt) in some {
                draft.set_attempt(*lane, *id, attempt);
            }
            self.commit(draft).await?;
        }
        Ok(doubted.len() as u64)
    }
}
