//! Times of day: the zone that they are meant in, quiet hours, office hours. Pure; daylight
//! saving is the zone's business, so that eight o'clock is eight o'clock on every day.

use std::fmt;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, ZonedDateTime};
use toml::de::DeValue;
use viadukt_api::Timestamp;
use viadukt_api::config::{FromToml, text};

/// The zone in which every time of day is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC))
    }
}

impl FromToml for Zone {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a zone's name such as \"Europe/Berlin\" or \"UTC\"";
        TimeZone::get(text(value, expected)?).map(Self).map_err(|_| format!("expected {expected}"))
    }
}

impl Zone {
    /// What clocks in this zone show at `at`.
    pub fn at(&self, at: Timestamp) -> ZonedDateTime {
        let at = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        at.unwrap_or(jiff::Timestamp::MAX).to_zoned_datetime(self.0.clone())
    }

    /// When clocks in this zone show `time` next after `now`. A time that the change to summer
    /// time leaves out comes as much later.
    pub fn next(&self, now: Timestamp, time: Time) -> Timestamp {
        let today = self.at(now);
        let on = |days: i64| {
            let date = today.date().saturating_add(days.days());
            self.0.to_timestamp(date.to_datetime(time)).ok().map(from_jiff)
        };
        (0..=2).filter_map(on).find(|at| *at > now).unwrap_or(now)
    }

    /// When clocks in this zone show `shown`, on the same terms; of two such times the first.
    pub fn when(&self, shown: DateTime) -> Option<Timestamp> {
        self.0.to_timestamp(shown).ok().map(from_jiff)
    }

    /// When the day that `now` is in ends.
    pub fn end_of_day(&self, now: Timestamp) -> Timestamp {
        self.next(now, Time::midnight())
    }

    /// When the hour that `now` is in ends.
    pub fn end_of_hour(&self, now: Timestamp) -> Timestamp {
        const HOUR: i64 = 3_600;
        let shown = self.at(now);
        let into =
            (shown.timestamp().as_second() + i64::from(shown.offset().seconds())).rem_euclid(HOUR);
        Timestamp((now.0 / 1_000 + u64::try_from(HOUR - into).unwrap_or(0)) * 1_000)
    }
}

fn from_jiff(at: jiff::Timestamp) -> Timestamp {
    Timestamp(u64::try_from(at.as_millisecond()).unwrap_or(0))
}

/// From one time of day to another one, written `20:00-08:00`; it may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    from: Time,
    to: Time,
}

impl Span {
    const EXPECTED: &str = "two different times of day such as \"20:00-08:00\"";

    /// Reads it from `text`.
    pub fn from_text(text: &str) -> Option<Self> {
        let (from, to) = text.split_once(['-', '–'])?;
        let (from, to) = (time_of_day(from.trim())?, time_of_day(to.trim())?);
        (from != to).then_some(Self { from, to })
    }

    /// Whether `time` is within.
    fn covers(self, time: Time) -> bool {
        match self.from < self.to {
            true => self.from <= time && time < self.to,
            false => self.from <= time || time < self.to,
        }
    }

    /// When it ends, if it covers `now`.
    pub fn ends(self, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
        self.covers(zone.at(now).time()).then(|| zone.next(now, self.to))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from.strftime("%H:%M"), self.to.strftime("%H:%M"))
    }
}

impl FromToml for Span {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = Self::EXPECTED;
        Self::from_text(text(value, expected)?).ok_or_else(|| format!("expected {expected}"))
    }
}

/// Days of the week and hours on them, written `Mo-Fr 08:00-16:00` or `Th 13:00-18:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfficeHours {
    first: Weekday,
    last: Weekday,
    hours: Span,
}

impl OfficeHours {
    /// Reads them from `text`.
    pub fn from_text(text: &str) -> Option<Self> {
        let (days, hours) = text.split_once(' ')?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let hours = Span::from_text(hours.trim())?;
        let within_a_day = hours.from < hours.to;
        within_a_day.then_some(Self { first: weekday(first)?, last: weekday(last)?, hours })
    }

    /// Whether somebody is there at `now`.
    pub fn cover(self, now: Timestamp, zone: &Zone) -> bool {
        let now = zone.at(now);
        let place = |day: Weekday| self.first.until(day);
        place(now.weekday()) <= place(self.last) && self.hours.covers(now.time())
    }
}

impl FromToml for OfficeHours {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "days and hours such as \"Mo-Fr 08:00-16:00\" or \"Th 13:00-18:00\"";
        Self::from_text(text(value, expected)?).ok_or_else(|| format!("expected {expected}"))
    }
}

/// Exactly `HH:MM`.
fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = digits(hour) && digits(minute);
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok().filter(|_| fits)
}

/// English, or German where that differs.
fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.to_lowercase().as_str() {
        "mo" => Weekday::Monday,
        "tu" | "di" => Weekday::Tuesday,
        "we" | "mi" => Weekday::Wednesday,
        "th" | "do" => Weekday::Thursday,
        "fr" => Weekday::Friday,
        "sa" => Weekday::Saturday,
        "su" | "so" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        from_jiff(text.parse().unwrap())
    }

    #[test]
    fn quiet_hours_go_over_midnight_and_end_in_the_morning() {
        let quiet = Span::from_text("20:00-08:00").unwrap();
        let ends = |now| quiet.ends(at(now), &Zone::default());
        assert_eq!(ends("2026-11-23T18:59:59Z"), None);
        assert_eq!(ends("2026-11-23T19:00:00Z"), Some(at("2026-11-24T07:00:00Z")));
        assert_eq!(ends("2026-11-24T06:59:59Z"), Some(at("2026-11-24T07:00:00Z")));
        assert_eq!(ends("2026-11-24T07:00:00Z"), None);
    }

    #[test]
    fn the_morning_comes_when_clocks_say_so_on_the_days_they_change() {
        let quiet = Span::from_text("20:00-08:00").unwrap();
        let ends = |now| quiet.ends(at(now), &Zone::default());
        // To summer time on 2026-03-29 at 02:00, from it on 2026-10-25 at 03:00.
        assert_eq!(ends("2026-03-28T22:00:00Z"), Some(at("2026-03-29T06:00:00Z")));
        assert_eq!(ends("2026-10-24T22:00:00Z"), Some(at("2026-10-25T07:00:00Z")));
        // 02:30 does not exist on that day.
        let early = Span::from_text("00:00-02:30").unwrap();
        let ends = early.ends(at("2026-03-29T00:00:00Z"), &Zone::default());
        assert_eq!(ends, Some(at("2026-03-29T01:30:00Z")));
    }

    #[test]
    fn days_and_hours_end_by_the_zones_clocks() {
        let zone = Zone::default();
        assert_eq!(zone.end_of_day(at("2026-03-28T23:30:00Z")), at("2026-03-29T22:00:00Z"));
        assert_eq!(zone.end_of_day(at("2026-10-24T22:00:00Z")), at("2026-10-25T23:00:00Z"));
        assert_eq!(zone.end_of_hour(at("2026-10-24T22:59:59.999Z")), at("2026-10-24T23:00:00Z"));
        let half = Zone(TimeZone::get("Asia/Kolkata").unwrap());
        assert_eq!(half.end_of_hour(at("2026-11-23T09:00:00Z")), at("2026-11-23T09:30:00Z"));
    }

    #[test]
    fn offices_are_open_on_their_days_alone() {
        let open = |hours: &str, now| {
            OfficeHours::from_text(hours).unwrap().cover(at(now), &Zone::default())
        };
        assert!(open("Mo-Fr 08:00-16:00", "2026-11-23T07:00:00Z"));
        assert!(!open("Mo-Fr 08:00-16:00", "2026-11-23T15:00:00Z"));
        assert!(!open("Mo-Fr 08:00-16:00", "2026-11-22T10:00:00Z"));
        assert!(open("Sa-Mo 08:00-16:00", "2026-11-22T10:00:00Z"));
        assert!(!open("Di 08:00-16:00", "2026-11-23T10:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["8-20", "20:00", "20:00-20:00", "24:00-08:00", "20:60-08:00", "+1:00-08:00"] {
            assert_eq!(Span::from_text(text), None, "{text}");
        }
        for text in ["08:00-16:00", "Mo-Xx 08:00-16:00", "Mo 16:00-08:00", "Mo-Fr"] {
            assert_eq!(OfficeHours::from_text(text), None, "{text}");
        }
    }
}
