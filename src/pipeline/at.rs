//! A time as a person writes it behind `--at`. Pure.
//!
//! It is meant by the clocks of the configured zone. A time that the change to summer time
//! leaves out comes as much later; of one that the change back shows twice, the first is meant.

use std::time::Duration;

use jiff::civil::{Date, Time};
use viadukt_api::{Reason, Timestamp};

use crate::config::Zone;

/// Whoever names a time further ahead has mistyped the year.
const FURTHEST: Duration = Duration::from_secs(366 * 86_400);

/// The time that `written` names: `14:30` (when clocks show it next), `2026-12-01 08:00`, or
/// `01.12.2026 08:00`.
pub fn read(written: &str, now: Timestamp, zone: &Zone) -> Result<Timestamp, Reason> {
    let unclear = || Reason::new("refused-time-unclear").with("time", written.trim());
    let meant = match written.trim().rsplit_once([' ', 'T']) {
        None => zone.next(now, time(written.trim()).ok_or_else(unclear)?),
        Some((day, at)) => {
            let shown = date(day.trim()).zip(time(at)).ok_or_else(unclear)?;
            zone.when(shown.0.to_datetime(shown.1)).ok_or_else(unclear)?
        }
    };
    if meant <= now {
        return Err(Reason::new("refused-time-past"));
    }
    if meant.since(now) > FURTHEST {
        return Err(Reason::new("refused-time-far"));
    }
    Ok(meant)
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(number(hour, 2)?, number(minute, 2).filter(|_| minute.len() == 2)?, 0, 0).ok()
}

fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['-', '.']).collect();
    let [first, month, last] = parts[..] else { return None };
    let (year, day) = if text.contains('-') { (first, last) } else { (last, first) };
    let year = number(year, 4).filter(|_| year.len() == 4)?;
    Date::new(year, number(month, 2)?, number(day, 2)?).ok()
}

/// At most `most` digits and nothing else.
fn number<N: std::str::FromStr>(text: &str, most: usize) -> Option<N> {
    let fits = text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| fits)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().unwrap();
        Timestamp(u64::try_from(at.as_millisecond()).unwrap())
    }

    /// In Berlin; `Err` is the reason's key.
    fn check(now: &str, written: &str, expected: Result<&str, &str>) {
        let read = read(written, at(now), &Zone::default()).map_err(|reason| reason.key);
        assert_eq!(read, expected.map(at).map_err(str::to_owned), "{written:?} at {now}");
    }

    #[test]
    fn a_time_of_day_is_the_next_one() {
        check("2026-11-23T09:00:00Z", "14:30", Ok("2026-11-23T13:30:00Z"));
        check("2026-11-23T09:00:00Z", "8:00", Ok("2026-11-24T07:00:00Z"));
        check("2026-11-23T09:00:00Z", "10:00", Ok("2026-11-24T09:00:00Z"));
    }

    #[test]
    fn a_day_is_written_in_either_way() {
        check("2026-11-23T09:00:00Z", "2026-12-01 08:00", Ok("2026-12-01T07:00:00Z"));
        check("2026-11-23T09:00:00Z", "01.12.2026 08:00", Ok("2026-12-01T07:00:00Z"));
        check("2026-11-23T09:00:00Z", "1.7.2027  08:00", Ok("2027-07-01T06:00:00Z"));
        check("2026-11-23T09:00:00Z", "2026-12-01T08:00", Ok("2026-12-01T07:00:00Z"));
    }

    #[test]
    fn gaps_and_overlaps_have_a_rule() {
        // 28 March 2027: 02:00 becomes 03:00. 31 October 2027: 03:00 becomes 02:00.
        check("2027-03-01T00:00:00Z", "2027-03-28 02:30", Ok("2027-03-28T01:30:00Z"));
        check("2027-03-28T00:30:00Z", "02:30", Ok("2027-03-28T01:30:00Z"));
        check("2027-10-01T00:00:00Z", "2027-10-31 02:30", Ok("2027-10-31T00:30:00Z"));
        check("2027-10-31T00:45:00Z", "02:30", Ok("2027-11-01T01:30:00Z"));
        check("2027-10-31T00:45:00Z", "2027-10-31 02:30", Err("refused-time-past"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        check("2026-11-23T09:00:00Z", "2026-11-23 09:59", Err("refused-time-past"));
        check("2026-11-23T09:00:00Z", "2027-12-01 08:00", Err("refused-time-far"));
        for unclear in [
            "",
            "8",
            "8 Uhr",
            "24:00",
            "08:60",
            "8:5",
            "+8:00",
            "30.02.2027 08:00",
            "2026-12-01",
            "1.12.26 08:00",
            "2026-13-01 08:00",
            "morgen 08:00",
        ] {
            check("2026-11-23T09:00:00Z", unclear, Err("refused-time-unclear"));
        }
    }
}
