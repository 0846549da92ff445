//! HTML from strangers: reduced to what Matrix clients show, and turned into text.

use viadukt_api::html::sanitiser;

use crate::tidy::tidy;

/// Longer HTML is shown as text only: making it safe would take longer than reading it is worth.
const MAX_BYTES: usize = 1 << 20;
/// The same of HTML with more character references: a parser puts each into its text by itself,
/// and copies the text for it.
const MAX_REFERENCES: usize = 20_000;
/// Wide enough that nothing is wrapped; the client does that.
const WIDTH: usize = 2_000;

/// By these attributes mail programs tell what is quoted; see [`crate::trim`].
const TELLING: &[&str] = &["class", "id", "name", "style", "type"];

/// `html` with nothing left but what Matrix clients show; `None` when there is too much of it.
pub(crate) fn sanitise(html: &str) -> Option<String> {
    Some(sanitiser().clean(&bounded(html)?).to_string().trim().to_owned())
}

/// The same with the attributes left that tell what is quoted. Well-formed, whatever `html` was.
pub(crate) fn readable(html: &str) -> Option<String> {
    let mut sanitiser = sanitiser();
    sanitiser.generic_attributes(TELLING.iter().copied().collect());
    Some(sanitiser.clean(&bounded(html)?).to_string())
}

/// `html` in a form that costs a parser no more than it is worth.
fn bounded(html: &str) -> Option<String> {
    let tidy = (html.len() <= MAX_BYTES).then(|| tidy(html))?;
    let references = memchr::memchr_iter(b'&', tidy.as_bytes()).count();
    (references <= MAX_REFERENCES).then_some(tidy)
}

/// What a reader sees of `html`, as text; where links lead stands below it.
pub(crate) fn to_text(html: &str) -> String {
    sanitise(html).map_or_else(|| plain(html), |clean| sanitised_to_text(&clean))
}

/// The same of what [`sanitise`] gave.
pub(crate) fn sanitised_to_text(clean: &str) -> String {
    html2text::config::plain_no_decorate()
        .raw_mode(true)
        .link_footnotes(true)
        .string_from_read(clean.as_bytes(), WIDTH)
        .unwrap_or_else(|_| plain(clean))
}

fn plain(html: &str) -> String {
    mail_parser::decoders::html::html_to_text(html)
}
