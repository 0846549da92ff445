//! HTML from strangers: reduced to what Matrix clients show, and turned into text.

use viadukt_api::html::sanitiser;

/// Longer HTML, or one with more tags, is shown as text only: making it safe would take longer
/// than reading it is worth.
const MAX_BYTES: usize = 1 << 20;
const MAX_TAGS: usize = 20_000;
/// The same of elements that stand deeper inside one another.
const MAX_DEPTH: usize = 400;
/// Elements that hold nothing, or that the next of their kind closes.
const FLAT: &[&[u8]] = &[
    b"area", b"base", b"br", b"col", b"dd", b"dt", b"embed", b"hr", b"img", b"input", b"li",
    b"link", b"meta", b"option", b"p", b"source", b"tbody", b"td", b"tfoot", b"th", b"thead",
    b"tr", b"wbr",
];
/// Wide enough that nothing is wrapped; the client does that.
const WIDTH: usize = 2_000;

/// By these attributes mail programs tell what is quoted; see [`crate::trim`].
const TELLING: &[&str] = &["class", "id", "name", "style", "type"];

/// `html` with nothing left but what Matrix clients show; `None` when there is too much of it.
pub(crate) fn sanitise(html: &str) -> Option<String> {
    (!is_excessive(html)).then(|| sanitiser().clean(html).to_string().trim().to_owned())
}

/// The same with the attributes left that tell what is quoted. Well-formed, whatever `html` was.
pub(crate) fn readable(html: &str) -> Option<String> {
    let mut sanitiser = sanitiser();
    sanitiser.generic_attributes(TELLING.iter().copied().collect());
    (!is_excessive(html)).then(|| sanitiser.clean(html).to_string())
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

fn is_excessive(html: &str) -> bool {
    html.len() > MAX_BYTES
        || memchr::memchr_iter(b'<', html.as_bytes()).count() > MAX_TAGS
        || depth(html) > MAX_DEPTH
}

/// How deep elements stand inside one another, at most, by the tags that open and close them.
fn depth(html: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for at in memchr::memchr_iter(b'<', html.as_bytes()) {
        let tag = &html[at + 1..];
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/').bytes().take_while(u8::is_ascii_alphanumeric);
        let name: Vec<u8> = name.take(11).map(|b| b.to_ascii_lowercase()).collect();
        match &name[..] {
            b"" => {}
            name if FLAT.contains(&name) => {}
            _ if closes => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
        deepest = deepest.max(depth);
    }
    deepest
}
