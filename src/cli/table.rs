//! Rows in aligned columns, and times that a person can read.

use std::fmt;
use std::time::Duration;

use viadukt_api::Timestamp;

/// Rows below a head; `Display` aligns them.
pub(super) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(head: [String; N]) -> Self {
        Self { rows: vec![head] }
    }

    pub(super) fn row(&mut self, row: [String; N]) {
        self.rows.push(row);
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: [usize; N] = std::array::from_fn(|column| {
            self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        for row in &self.rows {
            let cells: Vec<String> =
                row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// `at` as `2026-03-01 09:30:00Z`; the calendar is Howard Hinnant's `civil_from_days`, which
/// counts years from March so that the leap day comes last.
pub(super) fn utc(at: Timestamp) -> String {
    let seconds = at.0 / 1000;
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

/// How long something took or is ago, in the largest unit that fits: `3 d`, `2 h`, `40 s`.
pub(super) fn ago(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A pause between two steps: `+12 ms`, `+4.0 s`, `+3 min`.
pub(super) fn pause(span: Duration) -> String {
    match span.as_millis() {
        ms @ 0..1_000 => format!("+{ms} ms"),
        1_000..60_000 => format!("+{:.1} s", span.as_secs_f64()),
        _ => format!("+{}", ago(span)),
    }
}

/// A size: `12.3 MB`.
pub(super) fn bytes(size: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    match size {
        0..1_000_000 => format!("{} kB", size.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size as f64 / 1e6),
        _ => format!("{:.1} GB", size as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let mut table = Table::new(["a".to_owned(), "Prüfung".to_owned(), "c".to_owned()]);
        table.row(["länger".to_owned(), "ok".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "a       Prüfung  c\nlänger  ok\n");
    }

    #[test]
    fn times_are_of_the_gregorian_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (951_868_800, "2000-03-01 00:00:00Z"),
            (1_735_689_599, "2024-12-31 23:59:59Z"),
        ] {
            assert_eq!(utc(Timestamp(seconds * 1000)), expected);
        }
    }

    #[test]
    fn spans_and_sizes_are_short() {
        for (ms, since, after) in [
            (12, "0 s", "+12 ms"),
            (4_000, "4 s", "+4.0 s"),
            (200_000, "3 min", "+3 min"),
            (200_000_000, "2 d", "+2 d"),
        ] {
            let span = Duration::from_millis(ms);
            assert_eq!((ago(span).as_str(), pause(span).as_str()), (since, after));
        }
        for (size, shown) in [(0, "0 kB"), (1, "1 kB"), (12_345_678, "12.3 MB")] {
            assert_eq!(bytes(size), shown);
        }
    }
}
