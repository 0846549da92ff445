//! Lines that name who wrote a quote: "On … wrote:", "Am … schrieb …:", "Le … a écrit :".
//!
//! Told by what all of them have: a verb of writing, a colon at the end, and a date or a mail
//! address. Long ones are broken over lines.

use super::line::Line;
use super::words;

/// Longer than this is prose.
const MAX_LENGTH: usize = 400;
/// Over more lines than these no program breaks one.
const MAX_LINES: usize = 7;
const MAX_WORDS: usize = 30;
/// Words that a name and an address make together with the verb, at most.
const MAX_NAME: usize = 10;

/// How sure it is that a mail program wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribution {
    /// It names the day with the hour or an address.
    Sure,
    /// It names an address.
    Named,
    /// It has no verb, only a date and an address: so may a line of a log.
    Dated,
    /// A person might have written it too.
    Likely,
}

/// The attribution that begins with the first of `lines`: how sure it is, and how many lines it
/// takes.
pub(super) fn at_start(lines: &[Line<'_>]) -> Option<(Attribution, usize)> {
    let first = lines.first()?.text.trim();
    if first.is_empty() || first.len() > MAX_LENGTH {
        return None;
    }
    if let Some(found) = read(first) {
        return Some((found, 1));
    }
    let opening = opening(first)?;
    let mut length = first.len();
    for (at, line) in lines.iter().enumerate().take(MAX_LINES).skip(1) {
        let text = line.text.trim();
        // Only the end of an address may look quoted: `>:`, `> wrote:`.
        if line.depth > 1 || line.depth == 1 && !closes(text) || length > MAX_LENGTH {
            return None;
        }
        let before = lines[at - 1].text.trim();
        if text.is_empty() && opening == Opening::Name || before.ends_with([':', '!', '?', ';']) {
            return None;
        }
        length += text.len();
        if let Some(found) = read(&joined(&lines[..=at])) {
            return (!begins_later(&lines[..=at])).then_some((found, at + 1));
        }
    }
    None
}

/// Whether the first of the lines that make one is rather the author's: a later one would do
/// without it, and it does not have the day and the hour that only programs write.
fn begins_later(lines: &[Line<'_>]) -> bool {
    let first = lines[0].text.to_lowercase();
    let words: Vec<&str> = first.split_whitespace().collect();
    let is_whole = has_time(&words) && words.iter().any(|word| is_date(word));
    let is_apart = lines[1].text.trim().is_empty();
    (1..lines.len()).any(|skipped| {
        let joined = joined(&lines[skipped..]);
        match opening(&joined) {
            Some(Opening::Date) => read(&joined).is_some(),
            Some(Opening::Name) => (!is_whole || is_apart) && read(&joined).is_some(),
            None => false,
        }
    })
}

/// Several lines as one, with the end of an address that looked like a mark of quotation.
fn joined(lines: &[Line<'_>]) -> String {
    let written = lines.iter().map(|line| ">".repeat(line.depth) + " " + line.text.trim());
    written.collect::<String>().trim_start().to_owned()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// With a date.
    Date,
    /// With a name and the beginning of an address.
    Name,
}

/// How the first of several lines begins one; `None` when it does not.
fn opening(line: &str) -> Option<Opening> {
    let lower = line.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let first = words.first()?.trim_matches(|c: char| !c.is_alphanumeric());
    let has_digit = line.bytes().any(|b| b.is_ascii_digit());
    let is_numeric = first.starts_with(|c: char| c.is_ascii_digit());
    let has_date = || words.iter().any(|word| is_date(word));
    if words::ON.contains(&first) && has_digit || is_numeric && has_date() {
        return Some(Opening::Date);
    }
    // The name before the address.
    let at = line.find(['<', '@']).filter(|at| *at > 0)?;
    (line[..at].trim().len() > 1).then_some(Opening::Name)
}

/// Whether a line can be no more than the end of one.
fn closes(text: &str) -> bool {
    text == ":" || text.len() <= 40 && text.ends_with(':') && verb(&text.to_lowercase()).is_some()
}

/// What `text` is as a whole.
fn read(text: &str) -> Option<Attribution> {
    let bare = text.trim_matches(|c: char| c.is_whitespace() || "-*_|".contains(c));
    // "---- On … wrote ----" has dashes for a colon.
    let is_dashed = text.starts_with("--") && text.ends_with("--");
    let has_end = bare.ends_with([':', '：']) || is_dashed;
    let is_address = bare.ends_with('>');
    if !(has_end || is_address || bare.contains("GMT")) || bare.len() > MAX_LENGTH {
        return None;
    }
    let lower = bare.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    if words.len() > MAX_WORDS || has_sentence_end(bare) || !is_balanced(bare) {
        return None;
    }
    let has_address = has_address(&lower);
    let (has_date, has_time) = (words.iter().any(|word| is_date(word)), has_time(&words));
    if let Some(rest) = words::QUOTING.iter().find_map(|word| lower.strip_prefix(word)) {
        return (has_end && has_address && !rest.starts_with('<')).then_some(Attribution::Sure);
    }
    let Some((before, verb, after)) = verb(&lower) else {
        return is_dated(bare, &words).then_some(Attribution::Dated);
    };
    let is_last = !after.contains(char::is_alphanumeric);
    let has_name = before.contains(char::is_alphabetic) && !before.starts_with('<');
    let goes_on = !is_last && words::WROTE_FIRST.contains(&verb) && (has_address || has_date);
    let is_whole = has_end || goes_on && is_address && has_date && has_time;
    if !is_whole || !(has_name && is_last || goes_on) {
        return None;
    }
    // An address alone is what programs write only in its brackets.
    let is_bracketed = has_address && lower.contains('<') && words.len() <= MAX_NAME;
    match () {
        () if has_date && (has_time || has_address) => Some(Attribution::Sure),
        () if is_bracketed => Some(Attribution::Named),
        () if has_date || has_time => Some(Attribution::Likely),
        () => None,
    }
}

/// "2016-03-03 17:21 GMT+01:00 Some One", "2013/7/20 Some One <address>", and with the day of
/// the week before "…, 12 … 2024 …, 09:15, Some One <address>:"
fn is_dated(text: &str, words: &[&str]) -> bool {
    // An address that goes on in the next line belongs to it.
    if text.matches('<').count() > text.matches('>').count() {
        return false;
    }
    let leads = words.first().is_some_and(|word| is_date(word)) && words.len() > 2;
    let has_address = has_address(&text.to_lowercase());
    let is_zoned = text.contains("GMT+") || text.contains("GMT-");
    let has_day = words.first().is_some_and(|word| word.ends_with(',') && word.len() <= 12);
    let is_whole = has_day && text.ends_with(">:") && words.iter().any(|word| is_date(word));
    let has_time = has_time(words);
    leads && (has_time && is_zoned || has_address) || is_whole && has_time && has_address
}

/// The verb, with what stands before and after it.
fn verb(lower: &str) -> Option<(&str, &str, &str)> {
    lower.split_whitespace().find_map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_alphabetic());
        if !words::WROTE.contains(&bare) {
            return None;
        }
        let at = word.as_ptr() as usize - lower.as_ptr() as usize;
        Some((lower[..at].trim(), bare, lower[at + word.len()..].trim()))
    })
}

/// Whether a sentence ends before the end: then it is prose. Abbreviations are shorter.
fn has_sentence_end(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| {
        let [word, next] = pair else { return false };
        let stem = word.trim_end_matches(['.', '!', '?', ':', ')', '"']);
        let letters = stem.chars().filter(|c| c.is_alphabetic()).count();
        let ends = word.ends_with(['.', '!', '?', ':']) && !stem.contains('@');
        ends && next.starts_with(|c: char| c.is_uppercase())
            && (letters >= 5 || stem.contains(':') || word.ends_with(['!', '?']))
    })
}

/// An address that ends must have begun.
fn is_balanced(text: &str) -> bool {
    let mut open = 0usize;
    text.chars().all(|c| {
        match c {
            '<' => open += 1,
            '>' if open == 0 => return false,
            '>' => open -= 1,
            _ => {}
        }
        true
    })
}

fn has_address(lower: &str) -> bool {
    lower.split_whitespace().any(|word| {
        word.split_once('@').is_some_and(|(local, domain)| {
            local.ends_with(|c: char| c.is_alphanumeric() || "._-+".contains(c))
                && domain.starts_with(char::is_alphanumeric)
        })
    })
}

/// A year, or day, month and year in digits.
fn is_date(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let is_year = |part: &str| {
        part.len() == 4 && (part.starts_with("19") || part.starts_with("20")) && is_number(part)
    };
    // Chinese and Japanese dates have no blanks.
    let lead: String = word.chars().take_while(char::is_ascii_digit).collect();
    if is_year(&lead) && (lead.len() == word.len() || word[lead.len()..].starts_with('年')) {
        return true;
    }
    let parts: Vec<&str> = word.split(['.', '/', '-']).collect();
    parts.len() == 3 && parts.iter().all(|part| is_number(part) && part.len() <= 4)
}

/// `17:21`, or after a word for it `17.21`.
fn has_time(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let is_announced =
            before.is_some_and(|word| words::AT.contains(&word.trim_end_matches('.')));
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let split = word.split_once(':').or_else(|| word.split_once('.').filter(|_| is_announced));
        split.is_some_and(|(hours, rest)| {
            let minutes = rest.get(..2).unwrap_or_default();
            (1..=2).contains(&hours.len()) && is_number(hours) && is_number(minutes)
        })
    })
}

/// Whether `text` names an hour of a day.
pub(super) fn names_hour(text: &str) -> bool {
    text.len() <= MAX_LENGTH && has_time(&text.split_whitespace().collect::<Vec<_>>())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
