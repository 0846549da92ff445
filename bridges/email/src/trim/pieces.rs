//! The lines of a mail read as pieces: what each line is, by itself and by its neighbours.

use std::ops::Range;

use super::attribution::{self, Attribution};
use super::earlier;
use super::line::{Line, Mark};
use super::signature::{self, Delimiter};

/// A line or a few that belong together.
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) lines: Range<usize>,
    pub(super) kept: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    Text,
    Quote,
    Attribution(Attribution),
    /// Begins an earlier mail without marks of quotation.
    Earlier,
    Forward,
    Delimiter(Delimiter),
    /// Said to be a signature by the mail's HTML.
    Signature,
    /// Only divides.
    Rule,
    /// What a device says of itself.
    Device,
}

/// The pieces of a mail, in order.
pub(super) fn pieces(lines: &[Line<'_>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (kind, count) = piece(&lines[at..]);
        pieces.push(Piece { kind, lines: at..at + count, kept: true });
        at += count;
    }
    settle(&mut pieces, lines);
    pieces
}

/// What begins with the first of `lines`, and how many lines it takes.
fn piece(lines: &[Line<'_>]) -> (Kind, usize) {
    let line = &lines[0];
    let text = &*line.text;
    let kind = match line.mark {
        // Apple Mail quotes what it forwards, others call it an attribution.
        _ if line.depth <= 1 && earlier::is_forward(text) => Kind::Forward,
        Some(Mark::Forward) => Kind::Forward,
        Some(Mark::Earlier) => Kind::Earlier,
        Some(Mark::Signature) => Kind::Signature,
        _ if line.depth > 0 => Kind::Quote,
        _ if line.is_blank() => Kind::Blank,
        Some(Mark::Attribution) => Kind::Attribution(Attribution::Sure),
        None if earlier::is_original(text) => Kind::Earlier,
        None => {
            if let Some(count) = earlier::header(lines) {
                return (Kind::Earlier, count);
            }
            if let Some((attribution, count)) = attribution::at_start(lines) {
                return (Kind::Attribution(attribution), count);
            }
            match signature::delimiter(text) {
                Some(delimiter) => Kind::Delimiter(delimiter),
                None if signature::is_rule(text) => Kind::Rule,
                None if signature::is_device(text) => Kind::Device,
                None => Kind::Text,
            }
        }
    };
    (kind, 1)
}

/// What only its neighbours tell.
fn settle(pieces: &mut [Piece], lines: &[Line<'_>]) {
    let (mut is_answer, mut has_text) = (false, false);
    for at in 0..pieces.len() {
        let is_quoted = |pieces: &[Piece]| next(&pieces[at + 1..]) == Some(Kind::Quote);
        let is_blank = |piece: Option<&Piece>| piece.is_none_or(|piece| piece.kind == Kind::Blank);
        let is_prose = match pieces[at].kind {
            Kind::Attribution(Attribution::Likely) => !is_quoted(pieces),
            // The line of a log has others around it.
            Kind::Attribution(Attribution::Dated) => {
                let last = &lines[pieces[at].lines.end - 1].text;
                let ends = is_quoted(pieces) || last.trim_end().ends_with(':');
                let is_apart = is_blank(at.checked_sub(1).and_then(|at| pieces.get(at)));
                !is_apart || !ends && !is_blank(pieces.get(at + 1))
            }
            // First in a mail and without a quote, it may be how the author begins.
            Kind::Attribution(Attribution::Named) => !has_text && !is_quoted(pieces),
            _ => false,
        };
        if is_prose {
            pieces[at].kind = Kind::Text;
        }
        has_text |= pieces[at].kind == Kind::Text;
        is_answer |= matches!(pieces[at].kind, Kind::Attribution(_) | Kind::Quote);
    }
    // Old programs quote with initials; elsewhere such a line is a prompt or a sum.
    for piece in pieces.iter_mut().filter(|piece| is_answer && piece.kind == Kind::Text) {
        if has_initials(&lines[piece.lines.start].text) {
            piece.kind = Kind::Quote;
        }
    }
}

/// `AB> what A. B. wrote`
fn has_initials(line: &str) -> bool {
    line.split_once('>').is_some_and(|(initials, rest)| {
        (1..=3).contains(&initials.len())
            && initials.bytes().all(|b| b.is_ascii_uppercase())
            && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// What follows, attributions over several pieces and blanks aside.
pub(super) fn next(pieces: &[Piece]) -> Option<Kind> {
    let passed = |kind: &Kind| !matches!(kind, Kind::Blank | Kind::Attribution(_));
    pieces.iter().map(|piece| piece.kind).find(passed)
}
