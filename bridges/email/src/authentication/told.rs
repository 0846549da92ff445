//! The word of the server that received a mail for us (`Authentication-Results`, RFC 8601).
//!
//! Anybody can write such a field into a mail. Those that the configured server wrote stand
//! above everything that came with the mail, and it takes away others that bear its name
//! (RFC 8601 5): so the topmost count, and of each method the first result.

use mail_parser::Message as Mail;

use super::{Authentication, Outcome};

/// More fields are not looked at.
const MOST: usize = 10;
/// Longer fields belong to a hostile mail.
const LONGEST: usize = 16 << 10;

impl Authentication {
    /// What the server `trusted` says about `mail` from `author`; without it, the server that
    /// is named first. `None` when there is nothing of that server.
    pub(crate) fn told(mail: &Mail<'_>, trusted: Option<&str>, author: &str) -> Option<Self> {
        let mut found: Option<(String, Vec<Outcome>)> = None;
        for (name, value) in mail.headers_raw().take(200) {
            if !name.eq_ignore_ascii_case("Authentication-Results") {
                if found.is_some() && !is_of_a_filter(name) {
                    break;
                }
                continue;
            }
            let Some((server, outcomes)) = parse(value) else { continue };
            let wanted = found.as_ref().map(|(server, _)| server.as_str()).or(trusted);
            if wanted.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&server)) {
                continue;
            }
            let (_, all) = found.get_or_insert_with(|| (server, Vec::new()));
            if all.len() < MOST {
                all.extend(outcomes);
            }
        }
        let (authserv_id, outcomes) = found?;
        Some(Self::new(Some(authserv_id), &outcomes, author))
    }
}

/// The server's name and its results. `none` stands for no results.
fn parse(value: &str) -> Option<(String, Vec<Outcome>)> {
    let value = without_comments(&value[..value.floor_char_boundary(LONGEST)]);
    let mut parts = value.split(';');
    let server = parts.next()?.split_whitespace().next()?.trim_matches('"').to_lowercase();
    Some((server, parts.filter_map(outcome).collect()))
}

fn outcome(part: &str) -> Option<Outcome> {
    let part = part.to_lowercase().replace(" =", "=").replace("= ", "=");
    let mut pairs = part.split_whitespace().filter_map(|word| word.split_once('='));
    let (method, result) = pairs.next()?;
    let method = method.split('/').next().unwrap_or_default().to_owned();
    let domain = pairs.find_map(|(property, value)| {
        let is_domain = matches!(
            (method.as_str(), property),
            ("dkim", "header.d" | "header.i")
                | ("spf", "smtp.mailfrom" | "smtp.mail" | "smtp.from")
                | ("dmarc", "header.from")
        );
        let value = value.trim_matches('"');
        is_domain.then(|| value.rsplit('@').next().unwrap_or(value).to_owned())
    });
    Some(Outcome { method, result: result.to_owned(), domain })
}

/// The value without what stands in brackets (RFC 5322 3.2.2), which may hold anything.
fn without_comments(value: &str) -> String {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut kept = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                kept.push(' ');
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            kept.push(if c.is_whitespace() { ' ' } else { c });
        }
    }
    kept
}

/// Whether filters of the receiving server write a field between their results.
fn is_of_a_filter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "received-spf" || name.ends_with("-filter")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use mail_parser::MessageParser;

    use super::super::Standing;
    use super::*;

    const OURS: Option<&str> = Some("mx.amt.example");

    fn sender(header: &str) -> Option<Standing> {
        let mail = format!("{header}\nFrom: eva@citizen.example\n\nx");
        let mail = MessageParser::default().parse(&mail).unwrap();
        Authentication::told(&mail, OURS, "eva@citizen.example").map(|found| found.sender)
    }

    fn check(header: &str, expected: Option<Standing>) {
        assert_eq!(sender(header), expected, "{header}");
    }

    #[test]
    fn what_a_server_says() {
        for (results, expected) in [
            ("dmarc=pass header.from=citizen.example", Standing::Verified),
            ("dmarc=fail (p=reject) header.from=citizen.example", Standing::Suspect),
            ("arc=pass; dmarc=fail header.from=citizen.example", Standing::Unverified),
            ("spf=pass smtp.mailfrom=eva@mail.citizen.example", Standing::Verified),
            ("spf=pass smtp.mailfrom=eva@bulk.example", Standing::Unverified),
            ("dkim = pass (good) header.d = citizen.example", Standing::Verified),
            (
                "dkim=fail header.d=citizen.example; dkim=pass header.i=@citizen.example",
                Standing::Verified,
            ),
            ("dkim=pass header.d=example", Standing::Unverified),
            ("dkim=pass header.d=evil-citizen.example", Standing::Unverified),
            ("spf=none (dmarc=pass; x) smtp.mailfrom=citizen.example", Standing::Unverified),
            ("auth=pass smtp.auth=eva", Standing::Verified),
            ("none", Standing::Unverified),
            ("dmarc=pass header.from=evil.example", Standing::Unverified),
            ("dkim=temperror header.d=citizen.example", Standing::Unchecked),
        ] {
            check(&format!("Authentication-Results: mx.amt.example 1; {results}"), Some(expected));
        }
    }

    #[test]
    fn only_the_topmost_of_our_server_count() {
        let pass = "Authentication-Results: mx.amt.example; dmarc=pass";
        let fail = "Authentication-Results: MX.amt.example; dmarc=fail";
        let theirs = "Authentication-Results: mx.evil.example; dmarc=pass";
        let received = "Received: from x by mx.amt.example; Tue, 24 Nov 2026 10:00:00 +0100";
        check(&format!("{fail}\n{received}\n{pass}"), Some(Standing::Suspect));
        check(&format!("{fail}\n{pass}"), Some(Standing::Suspect));
        check(&format!("{theirs}\n{received}\n{fail}"), Some(Standing::Suspect));
        check(theirs, None);
        let spf = "Authentication-Results: mx.amt.example; spf=softfail smtp.mailfrom=x.example";
        check(&format!("{spf}\n{received}\n{pass}"), Some(Standing::Unverified));
        check(&format!("{spf}\nDMARC-Filter: OpenDMARC\n{pass}"), Some(Standing::Verified));
    }
}
