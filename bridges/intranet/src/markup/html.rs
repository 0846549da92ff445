//! HTML reduced to what Matrix clients show.

use std::borrow::Cow;

use ammonia::UrlRelative;
use url::Url;
use viadukt_api::html::sanitiser;

/// Longer HTML, or one with more tags, is shown as text only: making it safe would take longer
/// than reading it is worth. An event of Matrix holds 64 KiB.
///
/// Both cost by the square: a tag's every attribute is compared with those before it, and what is
/// open of `<b>` and the like is opened again in each paragraph (HTML, 13.2.4.3).
const MAX_BYTES: usize = 1 << 17;
const MAX_TAGS: usize = 2_000;
/// The same of HTML that is nested deeper (client-server API 1.11, `m.room.message` msgtypes:
/// clients need not show more than 100 levels).
const MAX_DEPTH: usize = 100;

/// Behind the end of these, and behind `br`, a line of text ends.
const LINES: &[&str] =
    &["p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote"];

/// `html` with nothing left but what Matrix clients show; `None` when there is too much of it.
pub(crate) fn sanitise(html: &str) -> Option<String> {
    if html.len() > MAX_BYTES || html.matches('<').count() > MAX_TAGS {
        return None;
    }
    let clean = sanitiser()
        .url_relative(UrlRelative::Deny)
        .attribute_filter(|_, name, value| {
            (name != "href" || is_open(value)).then_some(Cow::Borrowed(value))
        })
        .clean(html)
        .to_string();
    // What stood there as an entity is a character now.
    let clean = super::visible(&clean).trim().to_owned();
    (depth(&clean) <= MAX_DEPTH).then_some(clean)
}

/// `text` as HTML that says the same.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Whether `url` leads where it seems to lead. What stands before an `@` may look like the host
/// (RFC 3986, 7.6).
pub(crate) fn is_open(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.username().is_empty() && url.password().is_none())
}

/// How deep the elements of `clean` stand within one another.
fn depth(clean: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for (tag, _) in pieces(clean).filter(|(tag, _)| !matches!(*tag, "" | "br" | "hr")) {
        depth = if tag.starts_with('/') { depth.saturating_sub(1) } else { depth + 1 };
        deepest = deepest.max(depth);
    }
    deepest
}

/// What a reader sees of `clean`, which [`sanitise`] made, or of what was too much for it. Where
/// links lead stands behind them.
pub(super) fn to_text(clean: &str) -> String {
    let mut text = String::with_capacity(clean.len());
    let mut link: Option<(&str, usize)> = None;
    for (tag, behind) in pieces(clean) {
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        match (name, tag.strip_prefix('/')) {
            ("a", _) => {
                let target = tag.strip_prefix("a href=\"").and_then(|rest| rest.split('"').next());
                link = target.map(|to| (to, text.len()));
            }
            (_, Some("a")) => {
                if let Some((to, from)) = link.take()
                    && text.get(from..).is_some_and(|words| words != to)
                    && text.get(from..) != to.strip_prefix("mailto:")
                {
                    text.push_str(&format!(" ({to})"));
                }
            }
            ("br", _) => text.push('\n'),
            (_, Some(name)) if LINES.contains(&name) => text.push('\n'),
            _ => {}
        }
        text.push_str(behind);
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}");
    super::tidy(&text.replace("&quot;", "\"").replace("&amp;", "&"))
}

/// The tags of `clean`, each with the text behind it; a clean text holds `<` only where a tag
/// begins. What stands before the first has none.
fn pieces(clean: &str) -> impl Iterator<Item = (&str, &str)> {
    clean.split('<').map(|piece| piece.split_once('>').unwrap_or(("", piece)))
}
