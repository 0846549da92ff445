//! Moments as gateways write them, and as we write them for a person.

use viadukt_api::Timestamp;

/// Reads RFC 3339 in its usual variants (`2016-10-06T09:28:39.220+0000`, a blank for the `T`, no
/// offset: UTC), `20140531092257`, and seconds or milliseconds since 1970.
pub(crate) fn moment(written: &str) -> Option<Timestamp> {
    let written = written.trim();
    if !written.is_empty() && written.bytes().all(|b| b.is_ascii_digit()) {
        return match written.len() {
            14 => civil(written.get(..8)?, written.get(8..)?).map(Timestamp),
            // Seconds reach eleven digits in the year 5138.
            ..=10 => written.parse::<u64>().ok().map(|seconds| Timestamp(seconds * 1000)),
            11..=13 => written.parse().ok().map(Timestamp),
            _ => None,
        };
    }
    let (date, time) = written.split_once(['T', ' '])?;
    let (time, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, "Z"),
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let digits = |text: &str| text.chars().filter(|c| !matches!(c, '-' | ':')).collect::<String>();
    let utc = civil(&digits(date), &digits(time.trim()))?
        .checked_sub_signed(offset_milliseconds(offset.trim())?)?;
    Some(Timestamp(utc + milliseconds(fraction)?))
}

/// Writes it as RFC 3339 does, to the second: `2016-10-06T09:28:39Z`.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let seconds = at.0 / 1000;
    // Days since the first of March in the year 0, in years that begin in March, so that the leap
    // day comes last; 400 of them have 146,097 days.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = 400 * era + year + u64::from(month >= 10);
    let month = if month < 10 { month + 3 } else { month - 9 };
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", seconds % 60)
}

/// Milliseconds since 1970 of `YYYYMMDD` and `HHMMSS`.
fn civil(date: &str, time: &str) -> Option<u64> {
    let number = |text: &str| text.parse::<u64>().ok();
    let (year, month, day) =
        (number(date.get(..4)?)?, number(date.get(4..6)?)?, number(date.get(6..8)?)?);
    let (hour, minute, second) =
        (number(time.get(..2)?)?, number(time.get(2..4)?)?, number(time.get(4..6)?)?);
    let fits = date.len() == 8
        && time.len() == 6
        && (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !fits {
        return None;
    }
    // Days of a year that begins in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let since_1970 = days - 719_469;
    Some((((since_1970 * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// `Z`, `+01:00`, `+0100`, `+01`.
fn offset_milliseconds(written: &str) -> Option<i64> {
    let sign = match written.chars().next()? {
        'Z' | 'z' => return Some(0),
        '+' => 1,
        _ => -1,
    };
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).unwrap_or("0").parse().ok()?;
    Some(sign * (hours * 60 + minutes) * 60_000)
}

/// The first three digits of a second's fraction.
fn milliseconds(fraction: &str) -> Option<u64> {
    let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
    padded.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_gateway_writes_time_its_own_way() {
        // Expected values from `date -u -d … +%s`.
        for (written, milliseconds) in [
            ("2016-10-06T09:28:39.220+0000", 1_475_746_119_220),
            ("2026-01-19T21:11:52+01:00", 1_768_853_512_000),
            ("2020-02-29 23:59:59", 1_583_020_799_000),
            ("2020-02-29 23:59:59 +0000", 1_583_020_799_000),
            ("2021-08-24 08:08:00.000000", 1_629_792_480_000),
            ("2024-02-29T00:00:00.123456Z", 1_709_164_800_123),
            ("2026-11-24T05:00:00-05:30", 1_795_516_200_000),
            ("20140531092257", 1_401_528_177_000),
            ("1605878104", 1_605_878_104_000),
            ("1605878104123", 1_605_878_104_123),
            ("1970-01-01T00:00:00Z", 0),
        ] {
            assert_eq!(moment(written), Some(Timestamp(milliseconds)), "{written}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for written in
            ["", "soon", "2026-13-01T00:00:00Z", "1970-01-01T00:00:00+01:00", "2026-1-1 1:1:1", "T"]
        {
            assert_eq!(moment(written), None, "{written}");
        }
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        for written in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59Z",
            "2024-02-29T12:30:05Z",
            "2026-11-24T13:00:00Z",
            "2100-03-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(rfc3339(moment(written).unwrap()), written);
        }
    }
}
