//! What stands below what an author wrote: signatures, what devices say of themselves, the
//! footers of mailing lists.

use super::words;

/// More lines than these below two dashes are no signature.
const MAX_LINES: usize = 12;
const MAX_LINE: usize = 120;
/// A sentence has more words than a signature's lines.
const SENTENCE: usize = 6;
/// Mailing lists draw a longer line than authors do.
const FOOTER: usize = 20;
const MAX_FOOTER: usize = 6;

/// A line that begins a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// Two dashes and a blank (RFC 3676 4.3), or two.
    Sure,
    /// Dashes that an author may have drawn.
    Likely,
}

/// Whether `line`, with the blanks at its end, begins a signature.
pub(super) fn delimiter(line: &str) -> Option<Delimiter> {
    match line.trim_end_matches('\r') {
        "-- " | "--  " | "--\u{a0}" => Some(Delimiter::Sure),
        other if matches!(other.trim(), "--" | "—" | "––") => Some(Delimiter::Likely),
        _ => None,
    }
}

/// Whether what stands below dashes that an author may have drawn is a signature: few lines from
/// the next on, no sentences, no list.
pub(super) fn is_signature<'t>(below: impl Iterator<Item = &'t str>) -> bool {
    let mut below = below.peekable();
    if below.peek().is_none_or(|line| line.trim().is_empty()) {
        return false;
    }
    // One more than allowed is enough to know.
    let below = below.map(str::trim).filter(|line| !line.is_empty()).take(MAX_LINES + 1);
    let below: Vec<&str> = below.collect();
    !below.is_empty()
        && below.len() <= MAX_LINES
        && below.iter().all(|line| {
            let is_item = ["- ", "* ", "• "].iter().any(|mark| line.starts_with(mark));
            line.len() <= MAX_LINE && !is_item && (!is_sentence(line) || is_device(line))
        })
}

/// Whether `line` begins what an author adds below the signature: "PS: …"
pub(super) fn is_postscript(line: &str) -> bool {
    let line = line.trim_start().to_lowercase();
    ["ps:", "ps ", "p.s.", "p. s.", "nb:", "n.b."].iter().any(|start| line.starts_with(start))
}

/// Whether what begins with `line` is what a mailing list puts below every mail, or a signature:
/// few lines, which stand below a quote or name an address.
pub(super) fn is_footer<'t>(
    line: &str,
    is_below_quote: bool,
    below: impl Iterator<Item = &'t str>,
) -> bool {
    let line = line.trim();
    let is_line = line.len() >= FOOTER && line.bytes().all(|b| b == b'_');
    let below = below.filter(|line| !line.trim().is_empty()).take(MAX_FOOTER + 1);
    let below: Vec<&str> = if is_line { below.collect() } else { return false };
    let has_address = below.iter().any(|line| line.contains("://"));
    below.len() <= MAX_FOOTER && (is_below_quote || has_address)
}

/// "Sent from my …"
pub(super) fn is_device(line: &str) -> bool {
    let line = line.trim_matches(|c: char| !c.is_alphanumeric() && c != '[');
    if line.is_empty() || line.len() > MAX_LINE + 100 {
        return false;
    }
    let line = line.to_lowercase();
    let words = without_links(&line).split_whitespace().count();
    let any = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    let has_device = || words::DEVICES.iter().any(|device| line.contains(device));
    let is_short = words <= 14;
    let from_device = words <= 4
        && line.split_once(" from ").is_some_and(|(name, device)| {
            !name.contains(' ') && matches!(device, "mobile" | "phone" | "iphone" | "my phone")
        });
    is_short && (any(words::SENT_FROM_MY) || any(words::SENT_WITH) && has_device()) || from_device
}

/// A line that only divides, or that a program left for its own use: no letter, no digit.
pub(super) fn is_rule(line: &str) -> bool {
    let line = line.trim();
    // What a tracker of mails leaves behind.
    line == "ᐧ" || line.len() > 1 && line.chars().all(|c| "-_=*#~+—–".contains(c))
}

fn is_sentence(line: &str) -> bool {
    line.ends_with(['.', '!', '?', ':', ',', ';']) && line.split_whitespace().count() >= SENTENCE
}

fn without_links(line: &str) -> &str {
    let end = line.find("http").or_else(|| line.find("<")).unwrap_or(line.len());
    &line[..end]
}
