//! Markdown and HTML from elsewhere, as what a message says.
//!
//! Nothing that is fetched from elsewhere gets into a message: pictures become links, and of HTML
//! only what Matrix clients show is left.

mod html;
mod text;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use viadukt_api::{Content, Reason};

pub(crate) use self::html::{escaped, is_open, sanitise};

/// What `markdown` (CommonMark with tables and struck text) says. HTML within it is text, but for
/// `<br />`: systems write `Vec<String>` and `<hostname>`, and none of it may get lost.
pub(crate) fn from_markdown(markdown: &str) -> Content {
    let markdown = tidy(markdown);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events: Vec<_> = Parser::new_ext(&markdown, options).flat_map(as_in_chat).collect();
    let text = text::of(&events);
    let html = events.iter().any(is_formatted).then(|| {
        let mut html = String::with_capacity(markdown.len());
        pulldown_cmark::html::push_html(&mut html, events.into_iter());
        html
    });
    Content { text, html: html.and_then(|html| sanitise(&html)), attachments: Vec::new() }
}

/// What `html` says; `text` is the same as its author wrote it in plain text, if they did. What is
/// too much to be shown as HTML is text all the same.
pub(crate) fn from_html(html: &str, text: Option<&str>) -> Content {
    let clean = sanitise(html);
    let text = text.map(tidy);
    let text = text.unwrap_or_else(|| html::to_text(clean.as_deref().unwrap_or(html)));
    Content { text, html: clean, attachments: Vec::new() }
}

/// What people must know where `content`, which was made of `html`, has none of it.
pub(crate) fn left_out(html: Option<&str>, content: &Content) -> Option<Reason> {
    let is_lost = html.is_some() && content.html.is_none();
    is_lost.then(|| Reason::new("intranet-html-left-out"))
}

/// `text` as it is, without any markup.
pub(crate) fn from_text(text: &str) -> Content {
    Content { text: tidy(text), html: None, attachments: Vec::new() }
}

/// Adds `line`, a sentence of ours, below everything that `content` says.
pub(crate) fn add_line(content: &mut Content, line: &str) {
    if !content.text.is_empty() {
        content.text.push('\n');
    }
    content.text.push_str(line);
    if let Some(html) = &mut content.html {
        html.push_str(&format!("<p>{}</p>", html::escaped(line)));
    }
}

/// Text without what could mislead a reader or break a format: line ends are `\n`, and nothing is
/// left that works unseen.
pub(crate) fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    visible(&text).trim_matches('\n').trim_end().to_owned()
}

/// The same for a name, which has one line.
pub(crate) fn tidy_name(name: &str) -> String {
    tidy(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` without control characters, Unicode's overrides of the direction of writing (UAX 9, 2),
/// and characters without width. Those that join letters or emoji stay behind what they join,
/// which are no letters of Europe.
fn visible(text: &str) -> String {
    let mut last = ' ';
    let is_shown = |c: &char| {
        let joined = last;
        last = *c;
        match c {
            '\n' | '\t' => true,
            '\u{200c}' | '\u{200d}' => {
                joined >= '\u{590}' && !matches!(joined, '\u{2000}'..='\u{206f}')
            }
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' => false,
            '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}' => false,
            c => !c.is_control(),
        }
    };
    text.chars().filter(is_shown).collect()
}

/// As everyone who writes in a chat means it: a line ends where it ends. A picture is a link, and
/// HTML is what somebody wrote.
fn as_in_chat(event: Event<'_>) -> impl Iterator<Item = Event<'_>> {
    let is_html_line = matches!(event, Event::Html(_));
    let event = match event {
        Event::SoftBreak => Event::HardBreak,
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        Event::InlineHtml(tag) if is_line_end(&tag) => Event::HardBreak,
        // The break behind each line of HTML is enough.
        Event::Html(line) if is_line_end(&line) => Event::Text("".into()),
        Event::InlineHtml(text) => Event::Text(text),
        Event::Html(line) => Event::Text(line.trim_end_matches('\n').to_owned().into()),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        event => event,
    };
    [Some(event), is_html_line.then_some(Event::HardBreak)].into_iter().flatten()
}

fn is_line_end(tag: &str) -> bool {
    let name = tag.trim().trim_start_matches('<').trim_end_matches(['>', '/', ' ']);
    name.eq_ignore_ascii_case("br")
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
            ("*a*<br />b", "a\nb", "<p><em>a</em><br>b</p>"),
            ("<div>Disk full</div>\non db1", "<div>Disk full</div>\non db1", ""),
            ("<!here> Disk full", "<!here> Disk full", ""),
            ("Vec<String> of <hostname>", "Vec<String> of <hostname>", ""),
            (
                "**b** <i>x</i> <!-- c -->",
                "b <i>x</i> <!-- c -->",
                "<p><strong>b</strong> &lt;i&gt;x&lt;/i&gt; &lt;!-- c --&gt;</p>",
            ),
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
    fn a_link_leads_where_it_seems_to() {
        for hostile in [
            "//evil.example/x",
            "/x",
            "x",
            "https://bank.example:p@evil.example/",
            "https://bank.example@evil.example/",
            "https:\\\\bank.example@evil.example/",
        ] {
            let found = from_html(&format!("<a href=\"{hostile}\">x</a>"), None);
            assert_eq!(found.html.as_deref(), Some("<a>x</a>"), "{hostile}");
            let html = from_markdown(&format!("[x](<{hostile}>)")).html.unwrap_or_default();
            assert!(!html.contains("href"), "{html}");
        }
    }

    #[test]
    fn a_links_target_stands_in_the_text_of_html() {
        for (html, text) in [
            (
                "<a href='https://amt.example/?a&amp;b'>the <b>site</b></a>.",
                "the site (https://amt.example/?a&b).",
            ),
            ("<a href='https://amt.example/'>https://amt.example/</a>", "https://amt.example/"),
            ("<a href='mailto:a@amt.example'>a@amt.example</a>", "a@amt.example"),
            ("<a href='https://amt.example/?a>b'>x</a>", "x (https://amt.example/?a>b)"),
            ("<a>x</a> <a href='/x'>y</a>", "x y"),
        ] {
            assert_eq!(from_html(html, None).text, text);
        }
    }

    #[test]
    fn html_too_deep_or_too_long_for_clients_is_text() {
        for depth in [100, 101] {
            let html = format!("{}x{}", "<div>".repeat(depth), "</div>".repeat(depth));
            let content = from_html(&html, None);
            assert_eq!((content.text.as_str(), content.html.is_some()), ("x", depth == 100));
        }
        assert_eq!(from_html(&"<b>x</b>".repeat(10_000), None).text, "x".repeat(10_000));
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
        for hidden in ["&#x202e;", "&#x2066;", "&#8203;", "&#x1b;", "&#x200d;", "&#xe0041;"] {
            for content in [
                from_markdown(&format!("**a**{hidden}b")),
                from_html(&format!("<b>a</b>{hidden}b"), None),
            ] {
                assert_eq!(content.text, "ab", "{hidden}");
                let html = content.html.unwrap_or_default().replace("<p>", "");
                assert!(
                    ["<strong>a</strong>b</p>", "<b>a</b>b"].contains(&html.as_str()),
                    "{html:?}"
                );
            }
        }
        let joined = "\u{1f469}\u{200d}\u{1f692} \u{645}\u{6cc}\u{200c}\u{62e}";
        assert_eq!(tidy(joined), joined);
        assert_eq!(tidy_name(" An\u{200b}na\r\n\u{202e}from  IT "), "Anna from IT");
    }
}
