//! Which lines of a mail are shown.
//!
//! The lines are read as pieces first; then what stands below and around the author's words is
//! taken off. In doubt a line stays.

use std::ops::Range;

use super::attribution::{self, Attribution};
use super::earlier;
use super::line::{Line, Mark};
use super::signature::{self, Delimiter};

/// A mail of more lines is shown whole: nobody wrote it to be read.
const MAX_LINES: usize = 20_000;

/// A line or a few that belong together.
struct Piece {
    kind: Kind,
    lines: Range<usize>,
    kept: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
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

/// For each line whether it is shown; `None` when all of them are. `forwarding`: the subject
/// says that the mail is forwarded.
pub(super) fn kept(lines: &[Line<'_>], forwarding: bool) -> Option<Vec<bool>> {
    if lines.len() > MAX_LINES {
        return None;
    }
    let mut pieces = pieces(lines);
    settle(&mut pieces, lines);
    let own = end_of_own(&mut pieces, lines, forwarding);
    let has_earlier = pieces.get(own).is_some_and(|piece| !piece.kept);
    drop_signatures(&mut pieces[..own], lines);
    drop_ending(&mut pieces[..own], has_earlier);
    drop_leading_quote(&mut pieces[..own]);
    let mut kept = vec![true; lines.len()];
    for piece in pieces.iter().filter(|piece| !piece.kept) {
        kept[piece.lines.clone()].fill(false);
    }
    let says = |at: usize| kept[at] && !lines[at].text.trim().is_empty();
    let is_trimmed = kept.iter().any(|kept| !kept) && (0..lines.len()).any(says);
    is_trimmed.then_some(kept)
}

fn pieces(lines: &[Line<'_>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (kind, count) = piece(&lines[at..]);
        pieces.push(Piece { kind, lines: at..at + count, kept: true });
        at += count;
    }
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
        _ if text.trim().is_empty() => Kind::Blank,
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
        let follows = next(&pieces[at + 1..]) == Some(Kind::Quote);
        let is_blank = |piece: Option<&Piece>| piece.is_none_or(|piece| piece.kind == Kind::Blank);
        let is_prose = match pieces[at].kind {
            Kind::Attribution(Attribution::Likely) => !follows,
            // The line of a log has others around it.
            Kind::Attribution(Attribution::Dated) => {
                let last = &lines[pieces[at].lines.end - 1].text;
                let ends = follows || last.trim_end().ends_with(':');
                let is_apart = is_blank(at.checked_sub(1).and_then(|at| pieces.get(at)));
                !is_apart || !ends && !is_blank(pieces.get(at + 1))
            }
            // First in a mail and without a quote, it may be how the author begins.
            Kind::Attribution(Attribution::Named) => !follows && !has_text,
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

/// Where the author's own part ends: at an earlier mail, which is dropped, or at a forwarded
/// one, which is what the author sends.
fn end_of_own(pieces: &mut [Piece], lines: &[Line<'_>], forwarding: bool) -> usize {
    let mut has_text = false;
    let mut points_below = false;
    for at in 0..pieces.len() {
        let is_earlier = match pieces[at].kind {
            Kind::Text => {
                has_text = true;
                points_below |= earlier::points_below(&lines[pieces[at].lines.start].text);
                false
            }
            Kind::Forward => return at,
            Kind::Earlier if !has_text => return at,
            Kind::Earlier | Kind::Attribution(_) | Kind::Quote if forwarding => return at,
            Kind::Earlier => true,
            // Without marks of quotation after it: some programs set none.
            Kind::Attribution(_) => {
                has_text && !matches!(next(&pieces[at + 1..]), Some(Kind::Quote) | None)
            }
            _ => false,
        };
        if is_earlier && points_below {
            return at;
        }
        if is_earlier {
            pieces[at..].iter_mut().for_each(|piece| piece.kept = false);
            return at;
        }
    }
    pieces.len()
}

/// What follows, attributions over several pieces and blanks aside.
fn next(pieces: &[Piece]) -> Option<Kind> {
    let passed = |kind: &Kind| !matches!(kind, Kind::Blank | Kind::Attribution(_));
    pieces.iter().map(|piece| piece.kind).find(passed)
}

/// A signature ends where a quote begins, or what introduces one, or a postscript.
fn drop_signatures(pieces: &mut [Piece], lines: &[Line<'_>]) {
    let is_end = |piece: &Piece| match piece.kind {
        Kind::Quote | Kind::Attribution(_) => true,
        Kind::Text => signature::is_postscript(&lines[piece.lines.start].text),
        _ => false,
    };
    let ends: Vec<usize> = (0..pieces.len()).filter(|at| is_end(&pieces[*at])).collect();
    let quoted = pieces.iter().position(|piece| piece.kind == Kind::Quote);
    let mut dropped = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let following = ends.partition_point(|end| *end <= at);
        let end = ends.get(following).copied().unwrap_or(pieces.len());
        let below = || {
            let below = pieces[at + 1..end].iter().flat_map(|piece| &lines[piece.lines.clone()]);
            below.map(|line| &*line.text)
        };
        let is_dropped = match pieces[at].kind {
            Kind::Delimiter(Delimiter::Sure) => true,
            Kind::Delimiter(Delimiter::Likely) => signature::is_signature(below()),
            Kind::Rule if quoted.is_some_and(|quote| quote < at) && end == pieces.len() => {
                signature::is_footer(&lines[pieces[at].lines.start].text, below())
            }
            _ => false,
        };
        let until = if is_dropped { end } else { at + 1 };
        if is_dropped || pieces[at].kind == Kind::Signature {
            dropped.push(at..until);
        }
        at = until;
    }
    for piece in dropped.into_iter().flatten() {
        pieces[piece].kept = false;
    }
}

/// Quotes that no word follows answer nothing, and what devices add is nobody's word. A line
/// drawn above any of them goes with it.
fn drop_ending(pieces: &mut [Piece], has_earlier: bool) {
    let mut is_cut = has_earlier;
    for piece in pieces.iter_mut().rev() {
        match piece.kind {
            _ if !piece.kept => is_cut = true,
            Kind::Quote | Kind::Attribution(_) | Kind::Device => {
                piece.kept = false;
                is_cut = true;
            }
            Kind::Rule if is_cut => piece.kept = false,
            Kind::Blank => {}
            _ => return,
        }
    }
}

/// A mail that is quoted once, whole, and answered below. Quotes that are answered one by one
/// stay, so that each answer has its question; only the lines that name the author go.
fn drop_leading_quote(pieces: &mut [Piece]) {
    let is_quoting = |kind: Kind| matches!(kind, Kind::Quote | Kind::Attribution(_) | Kind::Blank);
    let first = pieces.iter().position(|piece| piece.kept && !is_quoting(piece.kind));
    let lead = first.unwrap_or(0);
    let is_named = pieces[..lead].iter().any(|piece| matches!(piece.kind, Kind::Attribution(_)));
    let is_last = pieces[lead..].iter().all(|piece| !piece.kept || piece.kind != Kind::Quote);
    for (at, piece) in pieces.iter_mut().enumerate() {
        let leads = at < lead && is_named && is_last && piece.kind == Kind::Quote;
        if leads || matches!(piece.kind, Kind::Attribution(_)) {
            piece.kept = false;
        }
    }
}
