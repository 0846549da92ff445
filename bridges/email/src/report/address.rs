//! Mail addresses in what servers write about mails.

/// Longer addresses are none (RFC 5321 4.5.3.1: 64 octets, `@`, 255 octets).
const LONGEST: usize = 320;

/// The address with which `line` begins, after the marks that servers set before it, and what
/// follows it.
pub(crate) fn leading(line: &str) -> Option<(&str, &str)> {
    let start = line.trim_start_matches(|c: char| c.is_whitespace() || "<>['*-•·".contains(c));
    let (address, rest) = around(start, at_sign(start)?)?;
    let before = &start[..start.len() - address.len() - rest.len()];
    before.chars().all(|c| matches!(c, '"' | '<')).then_some((address, rest))
}

/// All addresses in `text`.
pub(crate) fn all(text: &str) -> impl Iterator<Item = &str> {
    let signs = memchr::memchr_iter(b'@', text.as_bytes());
    signs.filter_map(|at| around(text, at)).map(|(address, _)| address)
}

/// Whether it can be reached from everywhere: its domain has more than one label.
pub(crate) fn is_public(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.'))
}

/// Whether two are the same mailbox, as far as one can tell from outside.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The first `@` that can belong to an address at the start of `text`.
fn at_sign(text: &str) -> Option<usize> {
    let mut window = LONGEST.min(text.len());
    while !text.is_char_boundary(window) {
        window -= 1;
    }
    memchr::memchr(b'@', &text.as_bytes()[..window])
}

/// The address around the `@` at `at`, and what follows it.
fn around(text: &str, at: usize) -> Option<(&str, &str)> {
    let (before, after) = (&text[..at], &text[at + 1..]);
    let start = match before.strip_suffix('"') {
        // A quoted local part (RFC 5321 4.1.2).
        Some(quoted) => {
            let inside = tail(quoted, |c| c != '"' && c != '<' && !c.is_control());
            quoted[..inside].strip_suffix('"')?.len()
        }
        None => tail(before, is_in_local),
    };
    let local = before[start..].trim_start_matches(['.', '/', '\'']);
    let local = without_label(local);
    let start = at - local.len();
    let length = after.find(|c| !is_in_domain(c)).unwrap_or(after.len());
    let domain = after[..length].split("..").next().unwrap_or_default();
    let domain = domain.trim_end_matches(['.', '-', '_']);
    let fits = !local.is_empty() && !domain.is_empty() && local.len() + domain.len() < LONGEST;
    let end = at + 1 + domain.len();
    fits.then(|| (&text[start..end], &text[end..]))
}

/// `local` without what some servers write before an address: `to=eva` is `eva`.
fn without_label(local: &str) -> &str {
    let is_label = |label: &str| {
        ["to", "rcpt", "recipient", "smtp", "email", "user"]
            .iter()
            .any(|l| l.eq_ignore_ascii_case(label))
    };
    local.split_once('=').filter(|(label, _)| is_label(label)).map_or(local, |(_, local)| local)
}

/// Where the characters at the end of `text` begin that all are `kind`.
fn tail(text: &str, kind: impl Fn(char) -> bool) -> usize {
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        if !kind(c) || text.len() - at > LONGEST {
            break;
        }
        start = at;
    }
    start
}

/// RFC 5321 4.1.2 and RFC 6531 3.3, without what servers put around addresses.
fn is_in_local(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~.".contains(c)
        || !c.is_ascii() && c.is_alphanumeric()
}

fn is_in_domain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_ones() {
        for (line, expected) in [
            ("<eva@amt.example>: host mx said", Some("eva@amt.example")),
            ("  eva@amt.example", Some("eva@amt.example")),
            ("   * \"eva@amt.example\":", Some("eva@amt.example")),
            (">>> eva@amt.example <eva@amt.example>", Some("eva@amt.example")),
            ("an eva@amt.example", None),
            ("<\"eva b\"@amt.example>", Some("\"eva b\"@amt.example")),
            ("müller@straße.example.", Some("müller@straße.example")),
            ("@", None),
            ("a@", None),
            ("", None),
        ] {
            assert_eq!(leading(line).map(|(address, _)| address), expected, "{line}");
        }
    }

    #[test]
    fn a_quote_that_never_began_is_none() {
        assert_eq!(all(&format!("{}\"@x.example", "ä".repeat(400))).count(), 0);
        assert_eq!(all("ä<\u{fffd}\"@x.example").count(), 0);
    }
}
