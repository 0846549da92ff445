use serde_json::json;
use viadukt_api::words::Language;

use super::*;

fn template(source: &str) -> Result<Template, TemplateError> {
    Template::new("door.j2", source.to_owned(), &Arc::new(Words::new(Language::En)))
}

fn rendered(source: &str, value: &serde_json::Value) -> Content {
    let headers = Value::from_pairs([("x-event", "push")]);
    let value = context(value, vec![("headers", headers)]);
    template(source).unwrap().render(&value).unwrap()
}

fn error(source: &str, value: &serde_json::Value) -> String {
    let rendered = template(source).and_then(|t| t.render(&context(value, Vec::new())));
    rendered.unwrap_err().to_string()
}

#[test]
fn values_have_no_meaning_in_markdown() {
    for hostile in [
        "**bold** _slanted_ ~~gone~~ `code`",
        "[x](https://evil.example)",
        "![x](https://evil.example)",
        "<https://evil.example> <b>b</b> <script>alert(1)</script> <!-- c -->",
        "a & b &amp; &#42;",
        "# heading",
        "- item\n- item",
        "1. item\n2) item",
        "> quote",
        "| a | b |\n|---|---|\n| c | d |",
        "title\n===",
        "title\n---",
        "***",
        "```\ncode\n```",
        "    code",
        "\tcode",
        "a\n\n    code",
        "a  \nb\\\nc\\",
        "[x]: https://evil.example",
        "{{ 7 * 7 }} {% raw %}",
        "ends with a backslash \\",
    ] {
        for source in
            ["{{ v }}", "{{ v }} end", "- {{ v }}", "**x** {{ v }}", "| h |\n|---|\n| {{ v }} |"]
        {
            let content = rendered(source, &json!({ "v": hostile }));
            let said = hostile.trim().replace('\t', " ");
            assert!(
                content.text.contains(said.trim()),
                "{source}: {hostile:?} is {:?}",
                content.text
            );
            let html = content.html.unwrap_or_default();
            for tag in ["<a", "<img", "<script", "<h", "<ol", "<pre", "<em", "<del", "<blockquote"]
            {
                assert!(!html.contains(tag), "{source}: {hostile:?} became {html}");
            }
        }
    }
}

/// A value of any characters that mean something stays what it is.
#[test]
fn any_value_is_shown_as_it_is() {
    let meaningful: Vec<char> = "*_`~[]()<>#+-.!|\\&;:=\"'{}$^@/ a1\n".chars().collect();
    let mut seed = 7u64;
    for _ in 0..3_000 {
        let mut value = String::new();
        for _ in 0..12 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            value.push(meaningful[usize::try_from(seed >> 33).unwrap() % meaningful.len()]);
        }
        let content = rendered("x{{ v }}y", &json!({ "v": value }));
        assert_eq!(content.text, format!("x{value}y"));
        let html = content.html.unwrap_or_default();
        assert!(
            !html.replace("<p>", "").replace("</p>", "").replace("<br>", "").contains('<'),
            "{html}"
        );
    }
}

#[test]
fn filters_say_what_is_meant() {
    let value = json!({
        "md": "**b**", "slack": "*b*", "code": "a `` b", "log": "x\n```\ny",
        "url": "https://amt.example/?a=(b)&c", "bad": "javascript:alert(1)", "n": 3, "no": null,
    });
    for (source, text, html) in [
        ("{{ md | markdown }}", "b", "<p><strong>b</strong></p>"),
        ("{{ slack | mrkdwn }}", "b", "<p><strong>b</strong></p>"),
        ("{{ code | code }}", "a `` b", "<p><code>a `` b</code></p>"),
        ("{{ log | block }}", "x\n```\ny", "<pre><code>x\n```\ny\n</code></pre>"),
        ("{{ 'x*' | link(bad) }}", "x*", ""),
        ("{{ 'x' | link('https://bank.example:p@evil.example/') }}", "x", ""),
        ("{{ n }}{{ no }}{{ n + 0.5 }}", "33.5", ""),
        ("{{ headers['x-event'] }} {{ body.n }}", "push 3", ""),
        ("{{ word('alerts-firing', count = n) }}", "3 alerts are firing", ""),
        (
            "{{ 'x' | link(url) }}",
            "x (https://amt.example/?a=(b)&c)",
            "<p><a href=\"https://amt.example/?a=(b)&amp;c\">x</a></p>",
        ),
    ] {
        let content = rendered(source, &value);
        assert_eq!((content.text.as_str(), content.html.as_deref().unwrap_or("")), (text, html));
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    let value = json!({ "title": "t", "n": "x" });
    for (source, expected) in [
        ("{{ title }}\n  {{ tite }}", "door.j2:2:6: undefined value"),
        ("{% if title %}", "door.j2:1:"),
        ("ä {{ title | shout }}", "door.j2:1:14: unknown filter"),
        ("{{ title.a.b }}", "door.j2:1:9: undefined value: `title.a` is undefined"),
        (
            "{{ word('nothing') }}",
            "door.j2:1:4: invalid operation: there is no sentence \"nothing\"",
        ),
        ("{{ debug() }}", "door.j2:1:4: unknown function"),
        ("{% include '/etc/passwd' %}", "door.j2:1:"),
    ] {
        let found = error(source, &value);
        assert!(found.starts_with(expected), "{source}: {found}");
    }
}

#[test]
fn a_template_that_loops_or_swells_ends() {
    let value = json!({});
    for source in [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ] {
        let found = error(source, &value);
        assert!(found.contains("loops") || found.contains("recursion"), "{found}");
    }
    let swollen = "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}";
    assert!(error(swollen, &value).contains("writes far too much"));
}

#[test]
fn a_large_value_is_no_trouble() {
    let long = "a*b ".repeat(250_000);
    let content = rendered("{{ v }}", &json!({ "v": long }));
    assert_eq!(content.text.len(), long.trim_end().len());
}
