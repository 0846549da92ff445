//! A mail's text as lines, with what is known of each before any is read.

use std::borrow::Cow;

/// One line.
#[derive(Debug)]
pub(super) struct Line<'t> {
    /// What it says, without marks of quotation.
    pub(super) text: Cow<'t, str>,
    /// How deep it is quoted; 0 is the author's own.
    pub(super) depth: usize,
    /// What the mail's HTML says it is.
    pub(super) mark: Option<Mark>,
}

/// What structure tells of a line, whatever its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Names who wrote the quote that follows.
    Attribution,
    /// Here an earlier mail begins.
    Earlier,
    /// Here a forwarded mail begins.
    Forward,
    /// Part of a signature.
    Signature,
}

impl<'t> Line<'t> {
    /// A line of plain text. Marks of quotation are `>`, each perhaps after a blank
    /// (RFC 3676 4.5).
    fn plain(line: &'t str) -> Self {
        // GroupWise: ">>> Some One <address> 12.03.2024 09:15 >>>"
        if line.starts_with(">>> ") && line.trim_end().ends_with(" >>>") && line.len() > 12 {
            return Self { text: Cow::Borrowed(line), depth: 0, mark: Some(Mark::Earlier) };
        }
        let mut depth = 0;
        let mut rest = line;
        while let Some(deeper) = rest.trim_start_matches([' ', '\t']).strip_prefix('>') {
            if rest.len() - deeper.len() > 4 {
                break;
            }
            depth += 1;
            rest = deeper;
        }
        Self { text: Cow::Borrowed(rest), depth, mark: None }
    }

    /// Whether a reader sees nothing in it.
    pub(super) fn is_blank(&self) -> bool {
        let is_invisible =
            |c| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
        self.text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
    }

    fn unquote(&mut self, line: &'t str) {
        self.text = Cow::Borrowed(line);
        self.depth = 0;
    }
}

/// The lines of plain `text`, as they stand there and as they are read.
pub(super) fn lines(text: &str) -> (Vec<&str>, Vec<Line<'_>>) {
    let written: Vec<&str> = text.lines().collect();
    let mut read: Vec<Line<'_>> = written.iter().map(|line| Line::plain(line)).collect();
    // What is never quoted once or twice is no quote: `>>>` is also what a prompt looks like,
    // and `>5` says how many.
    let mut quoted = read.iter().filter(|line| matches!(line.depth, 1 | 2));
    let is_none = quoted.all(|line| line.text.starts_with(|c: char| c.is_ascii_digit()));
    for at in 0..read.len() {
        let alone = |at: usize| read.get(at).is_none_or(|line| line.depth == 0);
        // Mailboxes in mbox format write `>From` where the author wrote `From`.
        let is_mbox = written[at].starts_with(">From ")
            && at.checked_sub(1).is_none_or(alone)
            && alone(at + 1);
        if is_mbox || is_none && read[at].depth > 0 {
            read[at].unquote(written[at]);
        }
    }
    (written, read)
}
