//! What a run has shown, as a table for people and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use viadukt_testbed::talk::Kind;

use crate::fault::Fault;
use crate::run::{CHANNELS, Outcome, Plan, Round, Seen};

/// A run.
#[derive(Serialize)]
pub struct Report {
    /// The command that repeats it.
    pub command: String,
    /// When it began, by the calendar.
    pub date: String,
    seed: u64,
    rounds: usize,
    /// Rounds in which the program was killed.
    kills: usize,
    seconds: u64,
    /// Messages that people wrote, by channel.
    said: BTreeMap<&'static str, usize>,
    /// From a kill to the first delivery.
    recovery_from_kill: Times,
    /// The same without the time in which the homeserver was asked for something.
    recovery_from_kill_without_homeserver: Times,
    rows: Vec<Row>,
    /// Everything that is not as in a world in which nothing breaks.
    findings: Vec<String>,
}

/// One fault on one channel.
#[derive(Serialize)]
struct Row {
    fault: String,
    channel: &'static str,
    rounds: usize,
    lost: usize,
    doubled: usize,
    out_of_order: usize,
    wrong: usize,
    /// Held or sent twice, as the design declares, and told.
    declared: usize,
    /// From the fault's end to the channel's first delivery.
    recovery: Times,
    /// So many times a damaged store or disk was refused with a clear message.
    refused: usize,
    /// So many times damage did no harm.
    harmless: usize,
    /// So many times the named point was not passed.
    unreached: usize,
}

/// Times in seconds.
#[derive(Default, Serialize)]
struct Times {
    samples: usize,
    median: Option<f64>,
    max: Option<f64>,
}

impl Times {
    fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.map(|time| time.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied();
        Self { samples: times.len(), median, max: times.last().copied() }
    }
}

impl Report {
    /// The report of what `plan` has shown.
    pub fn of(plan: &Plan, outcome: &Outcome, command: String) -> Self {
        let killed = || outcome.rounds.iter().filter(|round| round.fault.kills());
        let without = |round: &Round| round.recovery.saturating_sub(round.asked);
        let faults: BTreeSet<_> = outcome.rounds.iter().map(|round| round.fault).collect();
        let rows = faults
            .iter()
            .flat_map(|fault| CHANNELS.map(|(channel, _)| Row::of(*fault, channel, outcome)));
        let findings = outcome.findings.iter().flat_map(|(channel, findings)| {
            findings.iter().map(move |finding| format!("{channel}: {finding}"))
        });
        Self {
            command,
            date: outcome.begun.strftime("%Y-%m-%d").to_string(),
            seed: plan.seed,
            rounds: outcome.rounds.len(),
            kills: killed().count(),
            seconds: outcome.lasted.as_secs(),
            said: outcome.said.clone(),
            recovery_from_kill: Times::of(killed().map(|round| round.recovery)),
            recovery_from_kill_without_homeserver: Times::of(killed().map(without)),
            rows: rows.collect(),
            findings: findings.collect(),
        }
    }

    /// What breaks a promise; empty after a good run.
    pub fn broken(outcome: &Outcome) -> Vec<String> {
        let all = outcome.findings.iter();
        let all = all.flat_map(|(channel, found)| found.iter().map(move |one| (channel, one)));
        let bad = all.filter(|(_, one)| one.kind != Kind::Declared);
        let bad = bad.map(|(channel, one)| format!("{channel}: {one}"));
        let seen = outcome.rounds.iter().zip(0..).filter_map(|(round, number)| match &round.seen {
            Seen::Broken(how) => Some(format!("round {number}: {}: {how}", round.fault.name())),
            _ => None,
        });
        let given_up = outcome.dead_letters.iter().map(|line| format!("given up: {line}"));
        bad.chain(seen).chain(given_up).collect()
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// A time is not finite.
    pub fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The page `docs/reliability.md`.
    pub fn to_page(&self) -> String {
        let Self { command, date, rounds, kills, seconds, .. } = self;
        let said: Vec<_> =
            self.said.iter().map(|(channel, count)| format!("{channel} {count}")).collect();
        let sum = |count: fn(&Row) -> usize| self.rows.iter().map(count).sum::<usize>();
        let mut page = format!(
            "<!-- Written by `make chaos`; do not edit. -->\n\
             # Reliability\n\n\
             viadukt with a mail, an SMS and an intranet bridge, a real homeserver with encrypted \
             rooms, Dovecot, Postfix, an SMS centre and an MQTT broker. People talked on every \
             channel in both directions all the time, while one thing after another broke. At the \
             end every message was looked for at both ends.\n\n\
             Made on {date} by\n\n```\n{command}\n```\n\n\
             in {minutes} minutes. The same command repeats the same schedule; what is random in \
             the timing of processes is not repeated. The raw results are in \
             `target/chaos/results.json`.\n\n\
             | | |\n|---|---|\n\
             | rounds | {rounds} |\n\
             | of these, the program was killed | {kills} |\n\
             | messages | {said} |\n\
             | lost | {lost} |\n\
             | doubled and not told | {doubled} |\n\
             | out of order | {out_of_order} |\n\
             | in the wrong place, or not encrypted by a verified device | {wrong} |\n\
             | held or sent twice, as the design declares, and told | {declared} |\n\
             | from a kill to the first delivery | {from_kill} |\n\
             | the same without the homeserver's own time | {without} |\n\n",
            minutes = seconds.div_ceil(60),
            said = said.join(", "),
            lost = sum(|row| row.lost),
            doubled = sum(|row| row.doubled),
            out_of_order = sum(|row| row.out_of_order),
            wrong = sum(|row| row.wrong),
            declared = sum(|row| row.declared),
            from_kill = self.recovery_from_kill,
            without = self.recovery_from_kill_without_homeserver,
        );
        page += "Each row counts the messages that were written while its fault happened. \
                 \"Recovery\" is the time from the fault's end, or from the start of the program \
                 after it, to the channel's first delivery to the far side, the people's own \
                 pauses included: median and longest.\n\n";
        page += "| fault | channel | rounds | lost | doubled | out of order | declared | recovery | |\n\
                 |---|---|---|---|---|---|---|---|---|\n";
        for row in &self.rows {
            page += &*format!("{row}\n");
        }
        page
    }
}

impl Row {
    fn of(fault: Fault, channel: &'static str, outcome: &Outcome) -> Self {
        let mine = |round: &&Round| round.fault == fault;
        let rounds = || outcome.rounds.iter().filter(mine);
        let count = |kind| {
            let found = outcome.findings.get(channel).into_iter().flatten();
            let of_mine = found.filter(|one| {
                let round = one.round.and_then(|round| outcome.rounds.get(round));
                one.kind == kind && round.is_some_and(|round| round.fault == fault)
            });
            of_mine.count()
        };
        let seen = |seen: Seen| rounds().filter(|round| round.seen == seen).count();
        Self {
            fault: fault.name(),
            channel,
            rounds: rounds().count(),
            lost: count(Kind::Lost),
            doubled: count(Kind::Doubled),
            out_of_order: count(Kind::OutOfOrder),
            wrong: count(Kind::Wrong),
            declared: count(Kind::Declared),
            recovery: Times::of(rounds().filter_map(|round| round.channels.get(channel).copied())),
            refused: seen(Seen::Refused),
            harmless: seen(Seen::Harmless),
            unreached: seen(Seen::Unreached),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.median, self.max) {
            (Some(median), Some(max)) => write!(f, "{median:.2} s, {max:.1} s"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, channel, rounds, lost, doubled, out_of_order, declared, .. } = self;
        let counts = [
            (self.wrong, "in the wrong place"),
            (self.refused, "refused"),
            (self.harmless, "without harm"),
            (self.unreached, "not reached"),
        ];
        let said = counts.iter().filter(|(count, _)| *count > 0);
        let said: Vec<_> = said.map(|(count, what)| format!("{count} {what}")).collect();
        write!(
            f,
            "| {fault} | {channel} | {rounds} | {lost} | {doubled} | {out_of_order} | {declared} \
             | {} | {} |",
            self.recovery,
            said.join(", ")
        )
    }
}
