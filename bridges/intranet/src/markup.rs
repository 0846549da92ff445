//! Markdown and HTML from elsewhere, as what a message says.
//!
//! Nothing that is fetched from elsewhere gets into a message: pictures become links, and of HTML
//! only what Matrix clients show is left.

mod html;
mod text;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use viadukt_api::Content;

pub(crate) use self::html::sanitise;

/// What `markdown` (CommonMark with tables and struck text) says. HTML within it counts.
pub(crate) fn from_markdown(markdown: &str) -> Content {
    let markdown = tidy(markdown);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events: Vec<_> = Parser::new_ext(&markdown, options).map(as_in_chat).collect();
    let text = text::of(&events);
    let html = events.iter().any(is_formatted).then(|| {
        let mut html = String::with_capacity(markdown.len());
        pulldown_cmark::html::push_html(&mut html, events.into_iter());
        html
    });
    Content { text, html: html.and_then(|html| sanitise(&html)), attachments: Vec::new() }
}

/// What `html` says; `text` is the same as its author wrote it in plain text, if they did.
pub(crate) fn from_html(html: &str, text: Option<&str>) -> Content {
    let html = sanitise(html);
    let text = text.map(tidy).or_else(|| html.as_deref().map(html::to_text));
    Content { text: text.unwrap_or_default(), html, attachments: Vec::new() }
}

/// `text` as it is, without any markup.
pub(crate) fn from_text(text: &str) -> Content {
    Content { text: tidy(text), html: None, attachments: Vec::new() }
}

/// Text without what could mislead a reader or break a format: line ends are `\n`, and no other
/// control characters are left, nor Unicode's overrides of the direction of writing.
pub(crate) fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept =
        |c: &char| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let text: String =
        text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).filter(kept).collect();
    text.trim_matches('\n').trim_end().to_owned()
}

/// As everyone who writes in a chat means it: a line ends where it ends. A picture is a link.
fn as_in_chat(event: Event<'_>) -> Event<'_> {
    match event {
        Event::SoftBreak => Event::HardBreak,
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        event => event,
    }
}

/// Whether the text alone would not do.
fn is_formatted(event: &Event<'_>) -> bool {
    !matches!(
        event,
        Event::Text(_)
            | Event::HardBreak
            | Event::Start(Tag::Paragraph)
            | Event::End(TagEnd::Paragraph)
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn both(markdown: &str) -> (String, String) {
        let content = from_markdown(markdown);
        (content.text, content.html.unwrap_or_default().replace('\n', ""))
    }

    #[test]
    fn markdown_is_text_and_html() {
        for (markdown, text, html) in [
            ("plain\nlines", "plain\nlines", ""),
            ("**b** `c`", "b c", "<p><strong>b</strong> <code>c</code></p>"),
            (
                "[site](https://amt.example/)",
                "site (https://amt.example/)",
                "<p><a href=\"https://amt.example/\">site</a></p>",
            ),
            (
                "<https://amt.example/>",
                "https://amt.example/",
                "<p><a href=\"https://amt.example/\">https://amt.example/</a></p>",
            ),
            (
                "- a\n- b\n  1. c",
                "- a\n- b\n  1. c",
                "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>",
            ),
            ("# T\n\np", "T\n\np", "<h1>T</h1><p>p</p>"),
            ("a<br />b", "a\nb", "<p>a<br>b</p>"),
            ("```\nx < y\n```", "x < y", "<pre><code>x &lt; y</code></pre>"),
        ] {
            assert_eq!(both(markdown), (text.to_owned(), html.to_owned()), "{markdown}");
        }
    }

    #[test]
    fn nothing_is_fetched_and_nothing_runs() {
        for hostile in [
            "![track](https://evil.example/p.gif)",
            "<img src=\"https://evil.example/p.gif\">",
            "<script>alert(1)</script>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "[x](javascript:alert(1))",
            "[x](data:text/html,x)",
            "<p style=\"background:url(https://evil.example)\" onclick=\"x()\">p</p>",
            "<iframe src=\"https://evil.example\"></iframe>",
            "<svg onload=alert(1)>",
        ] {
            for content in [from_markdown(hostile), from_html(hostile, None)] {
                let html = content.html.unwrap_or_default();
                for bad in [
                    "<img",
                    "<script",
                    "href=\"javascript",
                    "href=\"data:",
                    "style",
                    "onclick",
                    "<iframe",
                    "<svg",
                ] {
                    assert!(!html.contains(bad), "{hostile} became {html}");
                }
            }
        }
    }

    #[test]
    fn html_alone_becomes_text() {
        let content = from_html("<p>a &amp; <b>b</b><br>c</p><ul><li>d</li><li>e</li></ul>", None);
        assert_eq!(content.text, "a & b\nc\nd\ne");
    }

    #[test]
    fn deep_and_long_markup_is_text_alone() {
        let deep = format!("{}x", "> ".repeat(50_000));
        assert_eq!(from_markdown(&deep).html, None);
        let long = "*a* ".repeat(250_000);
        let content = from_markdown(&long);
        assert_eq!((content.html, content.text.len()), (None, 2 * 250_000 - 1));
    }

    #[test]
    fn html_that_is_costly_to_read_is_left_out() {
        let attributes: String = (0..30_000).map(|n| format!(" a{n:x}")).collect();
        let marks: String = (0..1_500).map(|n| format!("<b id={n}>")).collect();
        for costly in [
            format!("<a{attributes}>x</a>"),
            format!("{marks}{}", "<p>x".repeat(1_500)),
            "&".repeat(1 << 20),
        ] {
            assert_eq!(from_html(&costly, Some("text")).html, None);
        }
    }

    #[test]
    fn what_misleads_is_left_out() {
        assert_eq!(tidy("a\r\nb\rc\u{202e}d\u{0}\u{1b}[2J\t\u{feff}"), "a\nb\ncd[2J");
    }
}
