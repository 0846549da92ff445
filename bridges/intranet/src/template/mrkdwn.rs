//! Slack's markup, as Markdown: `*bold*`, `~struck~`, `<https://…|words>`.
//! <https://docs.slack.dev/messaging/formatting-message-text>

/// `text` with Slack's own marks as Markdown has them. What both write alike stays: `_slanted_`,
/// code, quotes, lists.
pub(crate) fn to_markdown(text: &str) -> String {
    let mut markdown = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_code = false;
    while let Some(at) = rest.find(['<', '`', '*', '~']) {
        let (before, from) = rest.split_at(at);
        markdown.push_str(before);
        let mark = from.chars().next().unwrap_or_default();
        rest = from.get(1..).unwrap_or_default();
        match mark {
            '`' => {
                is_code = !is_code;
                markdown.push('`');
            }
            '<' if !is_code => match bracketed(rest) {
                Some((inner, after)) => {
                    markdown.push_str(&reference(inner));
                    rest = after;
                }
                None => markdown.push_str("\\<"),
            },
            '*' if !is_code && is_at_edge(&markdown, rest) => markdown.push_str("**"),
            '~' if !is_code && is_at_edge(&markdown, rest) => markdown.push_str("~~"),
            mark => markdown.push(mark),
        }
    }
    markdown.push_str(rest);
    // Slack writes these three, and no others, as entities; Markdown reads them alike.
    markdown
}

/// What stands before the `>` that closes a reference, and what follows it. Slack writes neither
/// `<` nor a line's end within one, so no more is looked at than up to these.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (inner, from) = text.split_at(text.find(['<', '>', '\n'])?);
    from.strip_prefix('>').map(|after| (inner, after))
}

/// What stands between angle brackets: a link, a user, a channel, a call to all.
fn reference(inner: &str) -> String {
    let (what, words) = inner.split_once('|').unwrap_or((inner, ""));
    let words = super::escape::text_of(words);
    match what.chars().next() {
        Some('@' | '#' | '!') if words.is_empty() => super::escape::text_of(what),
        Some('@' | '#' | '!') => words,
        _ if words.is_empty() => super::escape::link(what, what),
        _ => super::escape::link(inner.split_once('|').map_or(what, |(_, words)| words), what),
    }
}

/// Whether a mark between `before` and `after` stands at the edge of a word, as Slack wants it.
/// One that is doubled is Markdown's own.
fn is_at_edge(before: &str, after: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric();
    let left = before.chars().next_back();
    let right = after.chars().next();
    let is_doubled =
        left.is_some_and(|c| "*~".contains(c)) || right.is_some_and(|c| "*~".contains(c));
    let is_within = left.is_some_and(is_inside) && right.is_some_and(is_inside);
    !is_doubled && !is_within
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slacks_marks_become_markdown() {
        for (slack, markdown) in [
            ("*bold* and ~gone~ and _slanted_", "**bold** and ~~gone~~ and _slanted_"),
            ("<https://amt.example|the *site*>", "[the \\*site\\*](<https\\:\\/\\/amt\\.example>)"),
            ("<!here> <@U1|anna> <#C1>", "\\!here anna \\#C1"),
            ("2*3*4 = 24", "2*3*4 = 24"),
            ("`*code*`", "`*code*`"),
            ("**already**", "**already**"),
            ("<javascript:x|y>", "y"),
            ("a < b", "a \\< b"),
            ("a < b\n<!here>", "a \\< b\n\\!here"),
            ("<<@U1|anna>", "\\<anna"),
        ] {
            assert_eq!(to_markdown(slack), markdown);
        }
    }

    /// Looking for each end in all of the rest would take a minute.
    #[test]
    fn many_open_brackets_are_no_trouble() {
        assert_eq!(to_markdown(&"<".repeat(1_000_000)), "\\<".repeat(1_000_000));
    }
}
