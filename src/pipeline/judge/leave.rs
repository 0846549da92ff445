//! Whether something may leave towards a far side, and what that costs. Pure, but for the
//! gathering of facts at the end. [`may_leave`] alone makes a [`Cleared`], and routing sends
//! nothing without one.

use viadukt_api::{Address, Content, Cost, Level, Reason, RoomId, Timestamp, WorkerName};

use crate::config::Allowance;
use crate::ledger::{Account, Draft, Place};
use crate::pipeline::Pipeline;
use crate::store::StoreError;

/// Why something is to leave.
#[derive(Clone, Copy)]
pub enum Cause<'m> {
    /// Somebody wrote it in a room.
    Person {
        /// Who.
        user: &'m Address,
        /// Where.
        room: &'m RoomId,
    },
    /// It answers a message by itself.
    Answer,
    /// It confirms a remote's wish about being written to: it goes to somebody who stopped us,
    /// too, and no budget keeps it back.
    Confirmation,
}

/// What is known before something leaves.
pub struct Prospect {
    paused: bool,
    /// How much protection the room gives that it is written in.
    level: Option<Level>,
    parties: Vec<Party>,
    /// What bounds all recipients together.
    shared: Vec<Purse>,
}

/// One recipient.
struct Party {
    address: Address,
    stopped: bool,
    /// How much protection it is given there.
    level: Option<Level>,
    cost: Result<Cost, Reason>,
    purse: Option<Purse>,
}

/// What an account that is bounded spent, and may.
struct Purse {
    account: Account,
    /// When what it spent is forgotten.
    until: Timestamp,
    /// The same in words.
    when: String,
    spent: u32,
    /// `None`: it is counted and not bound.
    allowed: Option<u32>,
}

/// What may leave: to whom, at what cost, at whose expense. It is paid for when it is routed,
/// also if it waits for its time or fails: that is when its author can hear no.
pub struct Cleared {
    parties: Vec<(Address, Cost)>,
    expenses: Vec<(Account, Timestamp, u32)>,
}

impl Cleared {
    /// Each recipient, and what it costs to write to them.
    pub fn parties(&self) -> &[(Address, Cost)] {
        &self.parties
    }

    /// Writes into `draft` what it costs.
    pub fn spend(&self, draft: &mut Draft<'_>, bridge: &WorkerName) -> Result<(), StoreError> {
        for (account, until, units) in &self.expenses {
            draft.spend(bridge, account, *until, *units)?;
        }
        Ok(())
    }
}

/// What is allowed and what of it was spent.
pub struct Budget<'p> {
    /// The sentence that tells it.
    pub key: &'static str,
    pub spent: u32,
    pub allowed: u32,
    /// When what was spent is forgotten, in words.
    pub when: &'p str,
}

impl Prospect {
    /// Every bound there is.
    pub fn budgets(&self) -> impl Iterator<Item = Budget<'_>> {
        let each = self.parties.iter().filter_map(|party| party.purse.as_ref());
        each.chain(&self.shared).filter_map(|purse| {
            let key = match purse.account {
                Account::Recipient(_) => "explain-budget-recipient",
                Account::User(_) => "explain-budget-user",
                Account::Room(_) => "explain-budget-room",
                Account::Bridge => "explain-budget-bridge",
            };
            let (spent, when) = (purse.spent, purse.when.as_str());
            Some(Budget { key, spent, allowed: purse.allowed?, when })
        })
    }
}

/// Whether it may leave: to every recipient, or to none.
pub fn may_leave(prospect: Prospect) -> Result<Cleared, Reason> {
    may_ask(&prospect)?;
    let Prospect { parties, shared, .. } = prospect;
    if parties.iter().any(|party| party.stopped) {
        return Err(Reason::new("refused-stopped"));
    }
    let mut cleared = Cleared { parties: Vec::new(), expenses: Vec::new() };
    let mut total = 0u32;
    for Party { address, cost, purse, .. } in parties {
        let cost = cost?;
        total = total.saturating_add(cost.units);
        cleared.expenses.extend(purse.map(|purse| purse.pay(cost.units)).transpose()?);
        cleared.parties.push((address, cost));
    }
    for purse in shared {
        cleared.expenses.push(purse.pay(total)?);
    }
    Ok(cleared)
}

/// Whether the far side may be asked for something. That costs nothing, so that no budget is
/// asked; and whom it is about has no say in it.
pub fn may_ask(prospect: &Prospect) -> Result<(), Reason> {
    if prospect.paused {
        return Err(Reason::new("refused-paused"));
    }
    // Where nobody said, nobody may count on more than what is usual.
    let given = |party: &Party| party.level.unwrap_or(Level::Normal);
    let needed = prospect.level.unwrap_or(Level::Normal);
    if prospect.parties.iter().any(|party| given(party) < needed) {
        return Err(Reason::new("refused-level"));
    }
    Ok(())
}

impl Purse {
    /// The expense of `units`, or why they are too many.
    fn pay(self, units: u32) -> Result<(Account, Timestamp, u32), Reason> {
        let Some(allowed) = self.allowed else { return Ok((self.account, self.until, units)) };
        if units > allowed {
            return Err(Reason::new("refused-never-affordable")
                .with("units", units.to_string())
                .with("allowed", allowed.to_string()));
        }
        if self.spent.saturating_add(units) > allowed {
            let key = match self.account {
                Account::Recipient(_) => "refused-budget-recipient",
                Account::User(_) => "refused-budget-user",
                Account::Room(_) => "refused-budget-room",
                Account::Bridge => "refused-budget-bridge",
            };
            return Err(Reason::new(key).with("when", self.when));
        }
        Ok((self.account, self.until, units))
    }
}

impl Pipeline {
    /// Whether `content` may leave `bridge` towards `to`. Several such questions in one draft
    /// are each followed by their sending, so that the next one counts what the last one cost.
    pub(in crate::pipeline) fn clear(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        cause: Cause<'_>,
        to: &[Address],
        content: &Content,
    ) -> Result<Result<Cleared, Reason>, StoreError> {
        Ok(may_leave(self.prospect(draft, bridge, cause, to, content)?))
    }

    /// Gathers what must be known before `content` leaves `bridge` towards `to`.
    pub(super) fn prospect(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        cause: Cause<'_>,
        to: &[Address],
        content: &Content,
    ) -> Result<Prospect, StoreError> {
        let limits = self.policy.rules.get(bridge).map(|rules| rules.limits.clone());
        let limits = limits.unwrap_or_default();
        let confirms = matches!(cause, Cause::Confirmation);
        let purse = |account: Account, allowance: Option<Allowance>| {
            allowance
                .map(|allowance| self.purse(draft, bridge, account, allowance, confirms))
                .transpose()
        };
        let mut parties = Vec::with_capacity(to.len());
        for address in to {
            parties.push(Party {
                level: self.bridges.get(bridge).and_then(|worker| worker.level(address)),
                stopped: !confirms && draft.contact(bridge, address)?.stopped.is_some(),
                cost: self
                    .worker(bridge)
                    .map_or_else(|| Ok(Cost::default()), |worker| worker.measure(address, content)),
                purse: purse(Account::Recipient(address.clone()), limits.per_recipient)?,
                address: address.clone(),
            });
        }
        let mut shared = Vec::new();
        shared.extend(purse(Account::Bridge, limits.per_bridge)?);
        if let Cause::Person { user, room } = cause {
            shared.extend(purse(Account::User(user.clone()), limits.per_user)?);
            shared.extend(purse(Account::Room(room.clone()), limits.per_room)?);
        }
        // What answers a message is held by a pause, so that nobody is left without a word.
        let paused = matches!(cause, Cause::Person { .. }) && self.pauses(bridge);
        let level = match cause {
            Cause::Person { room, .. } => self.level_of(draft, bridge, room)?,
            Cause::Answer | Cause::Confirmation => None,
        };
        Ok(Prospect { paused, level, parties, shared })
    }

    /// How much protection `room` gives, one of the bridge's.
    fn level_of(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        room: &RoomId,
    ) -> Result<Option<Level>, StoreError> {
        let known = self.known_room(draft, room)?;
        let place = known.map_or(Place::Main, |known| known.place);
        Ok(self.policy.level(bridge, &place))
    }

    fn purse(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        account: Account,
        allowance: Allowance,
        unbound: bool,
    ) -> Result<Purse, StoreError> {
        let until = allowance.period.end(self.env.now(), &self.policy.zone);
        Ok(Purse {
            spent: draft.spent(bridge, &account, until)?,
            when: self.when(until),
            allowed: (!unbound).then_some(allowance.units),
            account,
            until,
        })
    }
}
