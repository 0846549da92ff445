//! HTML from strangers: reduced to what Matrix clients show, and turned into text.

use std::collections::{HashMap, HashSet};

use ammonia::Builder;

/// Longer HTML, or one with more tags, is shown as text only: making it safe would take longer
/// than reading it is worth.
const MAX_BYTES: usize = 1 << 20;
const MAX_TAGS: usize = 20_000;
/// Wide enough that nothing is wrapped; the client does that.
const WIDTH: usize = 2_000;

/// The tags of the Matrix specification (client-server API 1.11, `m.room.message` msgtypes),
/// without `img`: nothing is fetched from elsewhere, and attached pictures are attachments.
const TAGS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "del",
    "details",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// By these attributes mail programs tell what is quoted; see [`crate::trim`].
const TELLING: &[&str] = &["class", "id", "name", "style", "type"];

/// `html` with nothing left but what Matrix clients show; `None` when there is too much of it.
pub(crate) fn sanitise(html: &str) -> Option<String> {
    (!is_excessive(html)).then(|| builder().clean(html).to_string().trim().to_owned())
}

/// The same with the attributes left that tell what is quoted. Well-formed, whatever `html` was.
pub(crate) fn readable(html: &str) -> Option<String> {
    let mut builder = builder();
    builder.generic_attributes(TELLING.iter().copied().collect());
    (!is_excessive(html)).then(|| builder.clean(html).to_string())
}

fn builder() -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style", "title", "head", "template"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .url_schemes(HashSet::from(["https", "http", "ftp", "mailto", "magnet"]))
        .link_rel(None);
    builder
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
    html.len() > MAX_BYTES || memchr::memchr_iter(b'<', html.as_bytes()).count() > MAX_TAGS
}
