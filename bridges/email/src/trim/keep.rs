//! Which lines of a mail are shown.
//!
//! The lines are read as pieces first; then what stands below and around the author's words is
//! taken off. In doubt a line stays.

use super::line::Line;
use super::pieces::{self, Kind, Piece, next};
use super::signature::{self, Delimiter};
use super::{attribution, earlier};

/// A mail of more lines is shown whole: nobody wrote it to be read.
pub(super) const MAX_LINES: usize = 20_000;

/// For each line whether it is shown; `None` when all of them are. `forwarding`: the subject
/// says that the mail is forwarded.
pub(super) fn kept(lines: &[Line<'_>], forwarding: bool) -> Option<Vec<bool>> {
    if lines.len() > MAX_LINES {
        return None;
    }
    let mut pieces = pieces::pieces(lines);
    let own = end_of_own(&mut pieces, lines, forwarding);
    let has_earlier = pieces.get(own).is_some_and(|piece| !piece.kept);
    drop_signatures(&mut pieces[..own], lines);
    drop_ending(&mut pieces[..own], has_earlier);
    drop_leading_quote(&mut pieces[..own], lines);
    let mut kept = vec![true; lines.len()];
    for piece in pieces.iter().filter(|piece| !piece.kept) {
        kept[piece.lines.clone()].fill(false);
    }
    if kept.iter().all(|kept| *kept) {
        return None;
    }
    let says = |at: &usize| kept[*at] && !lines[*at].is_blank();
    let first = (0..lines.len()).find(says)?;
    let last = (0..lines.len()).rfind(says)?;
    kept[..first].fill(false);
    kept[last + 1..].fill(false);
    Some(kept)
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

/// A signature ends where a quote begins, or what introduces one, or a postscript.
fn drop_signatures(pieces: &mut [Piece], lines: &[Line<'_>]) {
    let is_end = |piece: &Piece| match piece.kind {
        Kind::Quote | Kind::Attribution(_) => true,
        Kind::Text => signature::is_postscript(&lines[piece.lines.start].text),
        _ => false,
    };
    let ends: Vec<usize> = (0..pieces.len()).filter(|at| is_end(&pieces[*at])).collect();
    let mut dropped = Vec::new();
    let mut last_kind = Kind::Blank;
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
            Kind::Rule if end == pieces.len() => {
                let line = &lines[pieces[at].lines.start].text;
                let is_below_quote = last_kind == Kind::Quote;
                signature::is_footer(line, is_below_quote, below())
            }
            _ => false,
        };
        if pieces[at].kind != Kind::Blank {
            last_kind = pieces[at].kind;
        }
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
fn drop_leading_quote(pieces: &mut [Piece], lines: &[Line<'_>]) {
    let is_quoting = |kind: Kind| matches!(kind, Kind::Quote | Kind::Attribution(_) | Kind::Blank);
    let first = pieces.iter().position(|piece| piece.kept && !is_quoting(piece.kind));
    let lead = first.unwrap_or(0);
    let is_named = pieces[..lead].iter().any(|piece| match piece.kind {
        Kind::Attribution(_) => true,
        // Some programs quote the attribution too.
        Kind::Quote => attribution::at_start(&lines[piece.lines.clone()]).is_some(),
        _ => false,
    });
    let is_last = pieces[lead..].iter().all(|piece| !piece.kept || piece.kind != Kind::Quote);
    for (at, piece) in pieces.iter_mut().enumerate() {
        let leads = at < lead && is_named && is_last && piece.kind == Kind::Quote;
        if leads || matches!(piece.kind, Kind::Attribution(_)) {
            piece.kept = false;
        }
    }
}
