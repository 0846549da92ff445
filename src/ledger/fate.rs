//! What far sides report about deliveries of ours, long after they took them.

use serde::{Deserialize, Serialize};
use viadukt_api::{DeliveryId, State, Timestamp, WorkerName};

/// Which delivery a message id of a far side stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Which of its parts, from 0, where the network takes a message in parts; `None` stands
    /// for the message as a whole.
    pub part: Option<u16>,
    /// How many parts there are.
    pub of: u16,
}

/// What became of a delivery by the reports on its parts. Written by `route` alone.
///
/// Reports come late, twice and out of order. A state is not taken back: what counts is how
/// certain it is, and that it arrived is most certain of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fate {
    /// When the first report came.
    pub at: Timestamp,
    whole: State,
    parts: Vec<State>,
    told: State,
}

impl Fate {
    /// Nothing was reported before `at`.
    pub fn new(at: Timestamp) -> Self {
        Self { at, whole: State::Sent, parts: Vec::new(), told: State::Sent }
    }

    /// Takes a report in. Gives the state of the whole message if that is news.
    pub fn report(&mut self, reported: Reported, state: State) -> Option<State> {
        match reported.part {
            None => self.whole = the_more_certain(self.whole, state),
            Some(part) => {
                self.parts.resize(usize::from(reported.of), State::Sent);
                if let Some(known) = self.parts.get_mut(usize::from(part)) {
                    *known = the_more_certain(*known, state);
                }
            }
        }
        let now = the_more_certain(self.whole, self.of_parts());
        let is_news = certainty(now) > certainty(self.told);
        if is_news {
            self.told = now;
        }
        is_news.then_some(now)
    }

    /// The worst of the parts; delivered only when all are.
    fn of_parts(&self) -> State {
        let is = |state: State| self.parts.contains(&state);
        match () {
            () if is(State::Failed) => State::Failed,
            () if is(State::Unknown) => State::Unknown,
            () if is(State::Delayed) => State::Delayed,
            () if self.parts.is_empty() || is(State::Sent) => State::Sent,
            () => State::Delivered,
        }
    }
}

fn certainty(state: State) -> u8 {
    match state {
        State::Held | State::Sent => 0,
        State::Delayed => 1,
        State::Unknown => 2,
        State::Failed => 3,
        State::Delivered => 4,
    }
}

fn the_more_certain(known: State, new: State) -> State {
    if certainty(new) > certainty(known) { new } else { known }
}

/// A report that came before the id it is about was known: the far side answered us more slowly
/// than it reported. Its item stays in the journal until then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Awaited {
    /// The worker that brought the report.
    pub worker: WorkerName,
    /// When.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use viadukt_api::ItemId;

    use super::*;
    use State::{Delayed, Delivered, Failed, Sent, Unknown};

    /// Reports on a message of two parts, and what is told after each.
    fn check(reports: &[(Option<u16>, State, Option<State>)]) {
        let delivery = DeliveryId { item: ItemId(1.into()), part: 0 };
        let mut fate = Fate::new(Timestamp(0));
        for (n, &(part, state, told)) in reports.iter().enumerate() {
            let reported = Reported { delivery, part, of: 2 };
            assert_eq!(fate.report(reported, state), told, "report {n} of {reports:?}");
        }
    }

    #[test]
    fn a_message_has_arrived_when_all_its_parts_have() {
        check(&[(Some(0), Delivered, None), (Some(1), Delivered, Some(Delivered))]);
        check(&[(Some(1), Delivered, None), (Some(1), Delivered, None)]);
    }

    #[test]
    fn a_message_has_failed_when_any_part_has() {
        check(&[
            (Some(1), Failed, Some(Failed)),
            (Some(0), Delivered, None),
            (Some(0), Failed, None),
        ]);
    }

    #[test]
    fn what_comes_late_or_twice_takes_nothing_back() {
        check(&[
            (None, Delayed, Some(Delayed)),
            (None, Delayed, None),
            (None, Delivered, Some(Delivered)),
            (None, Failed, None),
            (None, Delayed, None),
            (Some(0), Failed, None),
        ]);
        check(&[(None, Sent, None), (None, State::Held, None)]);
    }

    #[test]
    fn that_all_arrived_wins_over_an_earlier_word() {
        check(&[
            (Some(0), Unknown, Some(Unknown)),
            (Some(1), Failed, Some(Failed)),
            (Some(0), Delivered, None),
            (Some(1), Delivered, Some(Delivered)),
        ]);
    }
}
