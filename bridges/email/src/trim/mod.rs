//! What an author says, without the earlier mails and the signatures that stand around it.
//!
//! A room shows the conversation already; a mail repeats it. Taken away is what mail programs
//! add: quoted mails that are not answered line by line, the lines that introduce them,
//! signatures. Kept is every line that the author may have written, answers between quotes with
//! their questions, and what the author forwards. In doubt nothing is taken away: the original
//! is at hand in the room, but who reads there would not know to look for it.
//!
//! In reading order: a mail as lines ([`line`], [`html`] over [`markup`]); what lines are:
//! [`attribution`], [`earlier`], [`signature`], by the [`words`] of many languages; which of them
//! stay, read as [`pieces`] ([`keep`]).

mod attribution;
mod earlier;
mod html;
mod keep;
mod line;
mod markup;
mod pieces;
mod signature;
// Its lists are easier to read by language than by the line.
#[rustfmt::skip]
mod words;

pub(crate) use earlier::is_forwarding;

use html::Document;

/// What is left of plain `text`; `None` when all of it is. `forwarding`: the subject says that
/// the mail is forwarded, so what follows the author's own words belongs to it.
pub fn text(text: &str, forwarding: bool) -> Option<String> {
    let (written, lines) = line::lines(text);
    let kept = keep::kept(&lines, forwarding)?;
    let shown = written.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(line, _)| *line);
    Some(shown.collect::<Vec<_>>().join("\n"))
}

/// What is left of a mail's HTML as [`crate::html::readable`] gives it; `None` when all of it is.
pub(crate) fn html(html: &str, forwarding: bool) -> Option<String> {
    let document = Document::of(html);
    let kept = keep::kept(&document.lines, forwarding)?;
    Some(document.only(&kept))
}

/// The lines of a mail's HTML that say something.
#[cfg(feature = "fuzz")]
pub(crate) fn lines_of_html(html: &str) -> Vec<String> {
    let lines = Document::of(html).lines.into_iter().map(|line| line.text.trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}
