//! HTML reduced to what Matrix clients show.

use std::collections::{HashMap, HashSet};

use ammonia::Builder;

/// Longer HTML, or one with more tags, is shown as text only: making it safe would take longer
/// than reading it is worth. An event of Matrix holds 64 KiB.
///
/// Both cost by the square: a tag's every attribute is compared with those before it, and what is
/// open of `<b>` and the like is opened again in each paragraph (HTML, 13.2.4.3).
const MAX_BYTES: usize = 1 << 17;
const MAX_TAGS: usize = 2_000;

/// The tags of the Matrix specification (client-server API 1.11, `m.room.message` msgtypes),
/// without `img`: nothing is fetched from elsewhere.
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

/// Where a line of text ends.
const LINE_ENDS: &[&str] = &[
    "<br>",
    "</p>",
    "</div>",
    "</li>",
    "</tr>",
    "</h1>",
    "</h2>",
    "</h3>",
    "</h4>",
    "</h5>",
    "</h6>",
    "</pre>",
    "</blockquote>",
];

/// `html` with nothing left but what Matrix clients show; `None` when there is too much of it.
pub(crate) fn sanitise(html: &str) -> Option<String> {
    if html.len() > MAX_BYTES || html.matches('<').count() > MAX_TAGS {
        return None;
    }
    let clean = Builder::empty()
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style", "title", "head", "template"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .url_schemes(HashSet::from(["https", "http", "ftp", "mailto", "magnet"]))
        .link_rel(None)
        .clean(html)
        .to_string();
    Some(clean.trim().to_owned())
}

/// What a reader sees of `clean`, which [`sanitise`] made.
pub(super) fn to_text(clean: &str) -> String {
    let mut lines = clean.to_owned();
    for end in LINE_ENDS {
        lines = lines.replace(end, &format!("{end}\n"));
    }
    // A clean text holds `<` only where a tag begins.
    let mut text = String::with_capacity(lines.len());
    for piece in lines.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, behind)| behind));
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}");
    super::tidy(&text.replace("&quot;", "\"").replace("&amp;", "&"))
}
