//! The HTML that Matrix clients show.

use std::collections::{HashMap, HashSet};

use ammonia::Builder;

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

/// Takes everything out of HTML but what Matrix clients show. It costs by the square of what it
/// is given at worst: bound that before.
pub fn sanitiser() -> Builder<'static> {
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
