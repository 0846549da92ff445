//! Text from strangers, without what could mislead a reader or break a format.

use std::borrow::Cow;

use crate::repair::windows_1252;

/// One line, such as a subject or a name: blanks made single, nothing invisible.
pub(crate) fn line(text: impl AsRef<str>) -> String {
    let visible: String = text
        .as_ref()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !misleads(*c))
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text of several lines, separated by `\n`, without blank ends.
pub(crate) fn text(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| *c == '\n' || *c == '\t' || !c.is_control())
        .filter(|c| *c != '\u{feff}')
        .collect();
    let lines: Vec<&str> = kept.lines().map(str::trim_end).collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    lines[first..].join("\n").trim_end().to_owned()
}

/// A mail address; `None` when it cannot be one.
pub(crate) fn address(text: &str) -> Option<String> {
    let address: String = text.chars().filter(|c| !c.is_control() && !misleads(*c)).collect();
    let address = address.trim();
    let (local, domain) = address.rsplit_once('@')?;
    let fits = !local.is_empty() && !domain.is_empty() && !domain.contains(char::is_whitespace);
    fits.then(|| address.to_owned())
}

/// A file name without any path.
pub(crate) fn file_name(name: &str) -> String {
    let name = line(name);
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim_matches(['.', ' ']);
    name.chars().take(150).collect()
}

/// Bytes of an unnamed character set: UTF-8 if they can be, else what most mean.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| windows_1252(bytes).into(), Cow::from)
}

/// Marks that reorder or hide text (Unicode bidirectional controls, zero width): they make
/// `gpj.exe` look like `exe.jpg`.
fn misleads(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        && c != '\u{200d}' // joins emoji
}
