//! What became of the load, judged by what the homeserver and the mail server have.

use std::fmt;

use anyhow::Result;
use matrix_sdk::ruma::EventId;
use tokio::time::{Duration, Instant, sleep};
use viadukt_testbed::{AGENCY, Mail, Seen, Testbed};

use super::load::{self, Load, Thread};

/// How long nothing may arrive before what is still missing counts as lost.
const SILENCE: Duration = Duration::from_secs(60);
/// How the room hears of a reply that may have reached the citizen twice.
pub(super) const SENT_AGAIN: &str = "nach einer Unterbrechung noch einmal gesendet";

/// Something that is not as in a world without kills.
pub(super) struct Finding {
    /// The round in which the message was written.
    pub round: Option<usize>,
    pub kind: Kind,
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It did not arrive, or has no status.
    Lost,
    /// It arrived twice outside the declared window.
    Doubled,
    /// It arrived in another order than it was sent in its conversation.
    OutOfOrder,
    /// It arrived elsewhere, or not encrypted by a cross-signed device.
    Wrong,
    /// A reply that was sent twice after an interruption, as the design declares: it is known
    /// as the same one, and the room was told.
    Declared,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { round, kind, what } = self;
        match round {
            Some(round) => write!(f, "round {round}: {kind:?}: {what}"),
            None => write!(f, "before the first round: {kind:?}: {what}"),
        }
    }
}

/// The two ends as they are now.
struct Ends {
    room: Vec<Seen>,
    /// The agency's mailbox in the order of arrival: the order the bridge owes to the room.
    agency: Vec<Mail>,
    /// The citizen's mailbox in the order in which the mail server took the mails.
    citizen: Vec<Mail>,
}

/// Waits until everything arrived or nothing more comes, and judges.
pub(super) async fn judge(testbed: &Testbed, load: &Load<'_>) -> Result<Vec<Finding>> {
    patiently(async || Ok(Ends::look(testbed, load).await?.findings(load, &testbed.bot()))).await
}

/// Looks again and again until nothing is lost or nothing more comes.
pub(super) async fn patiently(
    look: impl AsyncFn() -> Result<Vec<Finding>>,
) -> Result<Vec<Finding>> {
    let mut last = (usize::MAX, Instant::now());
    loop {
        let findings = look().await?;
        let lost = findings.iter().filter(|one| one.kind == Kind::Lost).count();
        if lost < last.0 {
            last = (lost, Instant::now());
        }
        if lost == 0 || last.1.elapsed() > SILENCE {
            return Ok(findings);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

impl Ends {
    async fn look(testbed: &Testbed, load: &Load<'_>) -> Result<Self> {
        let room = load.clerk.history(&load.room).await?;
        let agency = testbed.mailbox(AGENCY).mails().await?;
        let mut citizen = load.citizen.mailbox.mails().await?;
        citizen.sort_by_cached_key(queue_id);
        Ok(Self { room, agency, citizen })
    }

    fn findings(&self, load: &Load<'_>, bot: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        let bridge: Vec<_> = self.room.iter().filter(|seen| seen.sender == bot).collect();
        for thread in &load.threads {
            self.inward(thread, &bridge, &mut findings);
            self.outward(thread, &bridge, &mut findings);
        }
        findings
    }

    /// The thread's mails, as the clerk has them.
    fn inward(&self, thread: &Thread, bridge: &[&Seen], findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for mail in &thread.mails {
            let load::Mail { text, message_id, file, round } = mail;
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let texts = places(bridge, |seen| {
                seen.is_message("m.text") && seen.body().contains(text.as_str())
            });
            let files = file.as_ref().map(|name| places(bridge, |seen| seen.file() == Some(name)));
            for places in [Some(&texts), files.as_ref()].into_iter().flatten() {
                match places.as_slice() {
                    [] => find(Kind::Lost, &"is not in the room"),
                    [_] => {}
                    _ => find(Kind::Doubled, &format_args!("is {} times there", places.len())),
                }
            }
            for place in texts.iter().chain(files.iter().flatten()) {
                let Some(seen) = bridge.get(*place) else { continue };
                for doubt in doubts(seen, &thread.root.event_id) {
                    find(Kind::Wrong, &doubt);
                }
            }
            let owed = self.agency.iter().position(|mail| mail.message_id() == message_id);
            arrived.extend(owed.zip(texts.first().copied()).map(|order| (order, *round, text)));
        }
        in_order(arrived, findings);
    }

    /// The thread's replies, as the citizen has them, and what the clerk was told of them.
    fn outward(&self, thread: &Thread, bridge: &[&Seen], findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, reply) in thread.replies.iter().enumerate() {
            let load::Reply { text, event, round } = reply;
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let told =
                bridge.iter().any(|one| answers(one, event) && one.body().contains(SENT_AGAIN));
            let copies: Vec<_> = (0..)
                .zip(&self.citizen)
                .filter(|(_, mail)| mail.text().contains(text.as_str()))
                .collect();
            match copies.as_slice() {
                [] => find(Kind::Lost, &"did not reach the citizen"),
                [_] => {}
                [(_, first), more @ ..]
                    if told && more.iter().all(|(_, m)| m.message_id() == first.message_id()) =>
                {
                    find(Kind::Declared, &"was sent again, as the room was told");
                }
                _ => find(Kind::Doubled, &format_args!("came {} times untold", copies.len())),
            }
            let begins = thread.mails.first().map(|mail| mail.message_id.as_str());
            for (place, mail) in &copies {
                if !mail.references().iter().any(|id| Some(id.as_str()) == begins) {
                    find(Kind::Wrong, &"is outside its mail thread");
                }
                if Some(place) == copies.first().map(|(place, _)| place) {
                    arrived.push(((number, *place), *round, text));
                }
            }
            if let Some((kind, what)) = not_told_once(bridge, event) {
                find(kind, &what);
            }
        }
        in_order(arrived, findings);
    }
}

/// Finds what came after something that is later in the order that was owed: pairs of the
/// place owed and the place found.
pub(super) fn in_order(
    mut arrived: Vec<((usize, usize), Option<usize>, &String)>,
    findings: &mut Vec<Finding>,
) {
    arrived.sort_by_key(|((owed, _), ..)| *owed);
    let mut latest = 0;
    for ((_, place), round, text) in arrived {
        if place < latest {
            let what = format!("{text} overtook an earlier one");
            findings.push(Finding { round, kind: Kind::OutOfOrder, what });
        }
        latest = latest.max(place);
    }
}

pub(super) fn places(bridge: &[&Seen], fits: impl Fn(&Seen) -> bool) -> Vec<usize> {
    (0..).zip(bridge).filter(|(_, seen)| fits(seen)).map(|(place, _)| place).collect()
}

/// What is wrong with where `seen` stands, which belongs under `root`, and with how it came there.
pub(super) fn doubts(seen: &Seen, root: &EventId) -> Vec<String> {
    let mut doubts = Vec::new();
    if seen.event_id != *root && seen.thread() != Some(root) {
        doubts.push("is outside its thread".to_owned());
    }
    doubts.extend(seen.trusted().err().map(|doubt| doubt.to_string()));
    doubts
}

/// What is wrong if the clerk was not told once, and once only, what became of `event`.
pub(super) fn not_told_once(bridge: &[&Seen], event: &EventId) -> Option<(Kind, String)> {
    let is_status = |one: &&&Seen| one.reaction_to(event).is_some() || answers(one, event);
    match bridge.iter().filter(is_status).count() {
        0 => Some((Kind::Lost, "has no status".to_owned())),
        1 => None,
        count => Some((Kind::Doubled, format!("has {count} statuses"))),
    }
}

/// Whether `seen` is a notice about `event`.
pub(super) fn answers(seen: &Seen, event: &EventId) -> bool {
    seen.is_message("m.notice")
        && seen.content["m.relates_to"]["m.in_reply_to"]["event_id"] == event.as_str()
}

/// The mail server's own number of a mail. It begins with the moment of its arrival and sorts
/// by it (postconf(5), `enable_long_queue_ids`); mailboxes know only when a mail got there.
fn queue_id(mail: &Mail) -> String {
    let received = mail.parsed.headers_raw().filter(|(name, _)| *name == "Received");
    let id = received.filter_map(|(_, value)| {
        value.split_once("(Postfix) with ")?.1.split_once(" id ")?.1.split_whitespace().next()
    });
    id.map(|id| id.trim_end_matches(';').to_owned()).next().unwrap_or_default()
}
