//! The phones behind Kannel's fake SMS centre: the lines in which it writes and prints messages.

use std::collections::BTreeMap;

/// The program (package kannel-extras).
pub(crate) const FAKE_CENTRE: &str = "/usr/lib/kannel/test/fakesmsc";

/// A message that reached a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The sender.
    pub from: String,
    /// The phone.
    pub to: String,
    /// The text, parts put together.
    pub text: String,
}

/// The line that makes a phone send `text`.
pub(crate) fn phone_line(from: &str, to: &str, text: &str) -> String {
    if text.chars().all(|c| c.is_ascii() && !c.is_ascii_control()) {
        return format!("{from} {to} text {text}");
    }
    let units = text.encode_utf16().flat_map(u16::to_be_bytes);
    let data: String = units.map(|byte| format!("%{byte:02X}")).collect();
    format!("{from} {to} ucs2 {data}")
}

/// The messages in what the fake centre printed. A part of a long text stands behind its user
/// data header; Kannel cuts between bytes, so parts are put together before they are read.
pub(crate) fn sent_in(output: &str) -> Vec<Arrived> {
    let mut whole = Vec::new();
    let mut parts: BTreeMap<(String, u8), Long> = BTreeMap::new();
    for line in output.lines().filter_map(printed) {
        let [from, to, kind, rest] = line;
        if kind != "udh" {
            let text = if kind == "text" { rest.to_owned() } else { utf16(&bytes(rest)) };
            whole.push(Arrived { from: from.to_owned(), to: to.to_owned(), text });
            continue;
        }
        let mut fields = rest.splitn(3, ' ');
        let header = bytes(fields.next().unwrap_or_default());
        let is_data = fields.next() == Some("data");
        let rest = fields.next().unwrap_or_default();
        // Length, kind, length, reference, of how many, place.
        let [_, _, _, reference, of, place] = header[..] else { continue };
        let part = if is_data { bytes(rest) } else { rest.as_bytes().to_vec() };
        let key = (format!("{from} {to}"), reference);
        let long = parts.entry(key.clone()).or_default();
        long.insert(place, part);
        if long.len() == usize::from(of) {
            let joined: Vec<u8> =
                parts.remove(&key).unwrap_or_default().into_values().flatten().collect();
            // Both alphabets come as data, GSM 03.38 in UTF-8: a NUL there is half of UTF-16.
            let text = if is_data && joined.contains(&0) {
                utf16(&joined)
            } else {
                String::from_utf8_lossy(&joined).into_owned()
            };
            whole.push(Arrived { from: from.to_owned(), to: to.to_owned(), text });
        }
    }
    whole
}

/// The parts of a long text by place.
type Long = BTreeMap<u8, Vec<u8>>;

/// Sender, recipient, kind and the rest of a line such as
/// `… DEBUG: Got message 1: <10001 +491701234567 text Hallo>`.
fn printed(line: &str) -> Option<[&str; 4]> {
    let (_, message) = line.split_once("Got message ")?;
    let (_, message) = message.split_once(": <")?;
    let mut fields = message.strip_suffix('>')?.splitn(4, ' ');
    let mut next = || fields.next();
    Some([next()?, next()?, next()?, next()?])
}

/// Undoes URL encoding.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes().iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |c: Option<&u8>| {
                    c.and_then(|c| char::from(*c).to_digit(16)).and_then(|d| u8::try_from(d).ok())
                };
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                high.unwrap_or(0) << 4 | low.unwrap_or(0)
            }
            byte => *byte,
        });
    }
    bytes
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_together_whatever_their_order() {
        let output = "\
x DEBUG: Got message 1: <10001 +49170 text Hallo Ä>
x DEBUG: Got message 2: <10001 +49170 udh %05%00%03%01%02%02 data %DE%00%00+>
x DEBUG: Got message 3: <10001 +49170 udh %05%00%03%01%02%01 data %00%41%D8%3D>";
        let texts: Vec<_> = sent_in(output).into_iter().map(|one| one.text).collect();
        assert_eq!(texts, ["Hallo Ä", "A\u{1f600} "]);
    }

    #[test]
    fn a_phone_writes_what_ascii_lacks_in_ucs_2() {
        assert_eq!(phone_line("+49170", "10001", "Ja"), "+49170 10001 text Ja");
        assert_eq!(phone_line("+49170", "10001", "€"), "+49170 10001 ucs2 %20%AC");
    }
}
