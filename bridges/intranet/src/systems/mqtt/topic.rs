//! Topics and the filters that choose among them (MQTT 5.0, 4.7 and 4.8.2).

/// The group and the filter of a shared subscription: `$share/GROUP/FILTER`.
const SHARE: &str = "$share/";

/// Whether one can subscribe to `filter`.
pub(crate) fn is_filter(filter: &str) -> bool {
    let plain = match filter.strip_prefix(SHARE) {
        Some(rest) => match rest.split_once('/') {
            Some((group, plain)) if !group.is_empty() && !group.contains(['+', '#']) => plain,
            _ => return false,
        },
        None => filter,
    };
    let mut levels = plain.split('/').peekable();
    let mut fits = fits_as_text(plain);
    while let Some(level) = levels.next() {
        fits &= match level {
            "+" => true,
            "#" => levels.peek().is_none(),
            _ => !level.contains(['+', '#']),
        };
    }
    fits
}

/// Whether one can publish to `topic`. What begins with `$` belongs to the broker (4.7.2).
pub(crate) fn is_topic(topic: &str) -> bool {
    fits_as_text(topic) && !topic.contains(['+', '#']) && !topic.starts_with('$')
}

/// Whether `filter` chooses `topic`.
pub(crate) fn chooses(filter: &str, topic: &str) -> bool {
    let mut filter = filter.split('/');
    let mut levels = topic.split('/');
    // Wildcards at the beginning do not choose the broker's own topics (4.7.2).
    let mut hidden = topic.starts_with('$');
    loop {
        match (filter.next(), levels.next()) {
            (Some("#"), _) => return !hidden,
            (Some("+"), Some(_)) if !hidden => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            (None, None) => return true,
            _ => return false,
        }
        hidden = false;
    }
}

/// Whether there are topics that both filters choose.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let mut one = without_group(one).split('/');
    let mut other = without_group(other).split('/');
    loop {
        match (one.next(), other.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some(a), Some(b)) if a == b || a == "+" || b == "+" => {}
            _ => return false,
        }
    }
}

/// A topic that `filter` chooses.
pub(crate) fn example(filter: &str) -> String {
    without_group(filter).replace(['+', '#'], "example")
}

fn without_group(filter: &str) -> &str {
    let rest = filter.strip_prefix(SHARE).and_then(|rest| rest.split_once('/'));
    rest.map_or(filter, |(_, plain)| plain)
}

/// The lengths are ours: what a person configures is shorter, and a key of the store is, too.
fn fits_as_text(text: &str) -> bool {
    (1..=1_000).contains(&text.len()) && !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_topics_are_told_from_other_text() {
        for filter in ["a", "a/+/b", "#", "a/#", "+", "/", "$share/g/a/#", "$SYS/#", "ä/ö"] {
            assert!(is_filter(filter), "{filter}");
        }
        for wrong in ["", "a/#/b", "a#", "a+/b", "$share/g", "$share//a", "$share/+/a", "a\0"] {
            assert!(!is_filter(wrong), "{wrong:?}");
        }
        for topic in ["a", "/a", "a/b c/ü"] {
            assert!(is_topic(topic), "{topic}");
        }
        for wrong in ["", "a/+", "#", "$SYS/x", "$share/g/a", "a\0"] {
            assert!(!is_topic(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_filter_chooses_as_the_specification_says() {
        for (filter, topic, chosen) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/uptime", false),
            ("+/uptime", "$SYS/uptime", false),
            ("$SYS/#", "$SYS/uptime", true),
            ("a/b", "a/b/c", false),
            ("a/b/c", "a/b", false),
        ] {
            assert_eq!(chooses(filter, topic), chosen, "{filter} and {topic}");
        }
    }

    #[test]
    fn filters_overlap_when_one_topic_fits_both() {
        for (one, other, expected) in [
            ("a/#", "a/b", true),
            ("a/+/c", "a/b/+", true),
            ("$share/g/a/#", "a", true),
            ("a/b", "a/c", false),
            ("a", "a/b", false),
            ("+", "a/#", true),
        ] {
            assert_eq!(overlap(one, other), expected, "{one} and {other}");
            assert_eq!(overlap(other, one), expected, "{other} and {one}");
        }
    }
}
