//! What servers say about whom, in the words of a report: the addresses at the beginnings of
//! lines with what follows, and the replies of other servers (RFC 5321 4.2) that they repeat.

use super::address;
use super::signs::single_blanks;
use super::status::Status;

/// More recipients are not read.
pub(crate) const MOST: usize = 100;
/// Of what a server says about a recipient, at most.
const LONGEST: usize = 2_000;
/// A diagnostic is cut after these.
const DIAGNOSTIC: usize = 400;

/// A recipient and what is said about it.
pub(crate) struct Found<'t> {
    pub(crate) address: &'t str,
    pub(crate) said: String,
}

/// The words, cut where a line begins with an address: what follows is about it.
pub(crate) fn blocks(notice: &str) -> Vec<Found<'_>> {
    let mut blocks: Vec<Found<'_>> = Vec::new();
    for line in notice.lines() {
        if let Some((address, rest)) = address::leading(line) {
            if blocks.len() == MOST {
                break;
            }
            let rest = rest.trim_start_matches(['>', ']', '"', ':', ';', '.']);
            let said = rest[..rest.floor_char_boundary(LONGEST)].to_owned();
            blocks.push(Found { address, said });
        } else if let Some(block) = blocks.last_mut()
            && block.said.len() + line.len() < LONGEST
        {
            block.said.push('\n');
            block.said.push_str(line.trim());
        }
    }
    blocks
}

/// What is said about `address` in all of `blocks`.
pub(crate) fn about(address: &str, blocks: &[Found<'_>]) -> String {
    let own = blocks.iter().filter(|block| address::same(block.address, address));
    own.map(|block| block.said.as_str()).collect::<Vec<_>>().join("\n")
}

/// The addresses that a server refused in what is said of the session (RFC 5321 4.2), or that it
/// was asked for (4.1.1.3): `554 <eva@amt.example>... Host unknown`, `RCPT TO:<eva@amt.example>`.
pub(crate) fn in_replies(notice: &str) -> impl Iterator<Item = &str> {
    notice.lines().filter_map(|line| {
        let line = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let begins = line.get(..3).is_some_and(|code| {
            code.starts_with(['4', '5']) && code.bytes().all(|b| b.is_ascii_digit())
        });
        let refused = begins.then(|| line.get(3..).and_then(address::leading)).flatten();
        let asked = || line.get(line.to_ascii_lowercase().find("rcpt to:")? + 8..);
        refused.or_else(|| address::leading(asked()?)).map(|(address, _)| address)
    })
}

/// The cause that `said` names: a server's reply, else its first paragraph.
pub(crate) fn cause(said: &str) -> Option<String> {
    reply(said).or_else(|| first_paragraph(said))
}

/// What the server said: its reply, to the end of the paragraph.
pub(crate) fn reply(said: &str) -> Option<String> {
    let mut lines = said.lines();
    let first = lines.by_ref().find_map(|line| reply_at(line).map(|at| &line[at..]))?;
    let more = lines.map(str::trim).take_while(|line| !line.is_empty());
    diagnostic(std::iter::once(first).chain(more))
}

fn first_paragraph(said: &str) -> Option<String> {
    let lines = said.lines().map(str::trim).skip_while(|line| line.is_empty());
    diagnostic(lines.take_while(|line| !line.is_empty()))
}

/// What a program says of why it refused, where that is all it says.
pub(crate) fn in_one_line(text: &str) -> Option<String> {
    diagnostic(text.lines())
}

fn diagnostic<'t>(lines: impl Iterator<Item = &'t str>) -> Option<String> {
    let text = single_blanks(&lines.collect::<Vec<_>>().join(" "));
    let text: String = text.chars().take(DIAGNOSTIC).collect();
    (!text.is_empty()).then_some(text)
}

/// Whether a server's refusal stands in a text. A number alone is none: "550 Euro".
pub(crate) fn has_refusal(text: &str) -> bool {
    let is_sure = |line: &str| line.contains('@') || Status::of_failure(line).is_some();
    text.lines().any(|line| reply_at(line).is_some_and(|at| is_sure(&line[at..])))
}

/// Where a refusal in SMTP begins (RFC 5321 4.2): `550 5.1.1`, `550-5.1.1`, `554 No`.
fn reply_at(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    bytes.windows(4).enumerate().position(|(at, window)| {
        matches!(window, [b'4' | b'5', b'0'..=b'7', b'0'..=b'9', b' ' | b'-'])
            && (at == 0
                || !bytes[at - 1].is_ascii_alphanumeric() && !b".-:[#".contains(&bytes[at - 1]))
            && bytes.get(at + 4).is_some_and(|next| !next.is_ascii_digit() || b"45".contains(next))
    })
}
