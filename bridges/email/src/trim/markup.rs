//! HTML as a list of tags and texts, for what the sanitiser has written: every element that is
//! opened is closed, in order, and no `<` stands outside a tag.

/// A tag, or the text between two.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'h> {
    /// With its attributes as they are written.
    Open {
        name: &'h str,
        attributes: &'h str,
    },
    Close {
        name: &'h str,
    },
    /// `br` and `hr`, which hold nothing.
    Void {
        name: &'h str,
    },
    Text(&'h str),
}

/// Each token with what stands in `html` for it.
pub(super) fn tokens(html: &str) -> Vec<(Token<'_>, &str)> {
    let mut tokens = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let end = match rest.strip_prefix('<') {
            Some(tag) => end_of_tag(tag) + 1,
            // A line of preformatted text is a token of its own.
            None => match rest.find(['<', '\n']) {
                Some(at) if rest[at..].starts_with('\n') => at + 1,
                Some(at) => at,
                None => rest.len(),
            },
        };
        let (token, after) = rest.split_at(end);
        tokens.push((read(token), token));
        rest = after;
    }
    tokens
}

/// Where the tag ends whose `<` is already taken: attributes may hold a `>` in quotes.
fn end_of_tag(tag: &str) -> usize {
    let mut in_quotes = false;
    let end = tag.bytes().position(|byte| {
        in_quotes ^= byte == b'"';
        byte == b'>' && !in_quotes
    });
    end.map_or(tag.len(), |at| at + 1)
}

fn read(token: &str) -> Token<'_> {
    let Some(tag) = token.strip_prefix('<') else { return Token::Text(token) };
    let tag = tag.strip_suffix('>').unwrap_or(tag);
    if let Some(name) = tag.strip_prefix('/') {
        return Token::Close { name };
    }
    let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    match name {
        "br" | "hr" => Token::Void { name },
        _ => Token::Open { name, attributes },
    }
}

/// The value of an attribute; the sanitiser quotes all of them.
pub(super) fn attribute<'h>(attributes: &'h str, name: &str) -> Option<&'h str> {
    let mut rest = attributes;
    loop {
        let (found, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        if found.trim() == name {
            return Some(value);
        }
        rest = after;
    }
}

/// Text as a reader sees it. The sanitiser writes no other references than these.
pub(super) fn decoded(text: &str) -> String {
    let text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&quot;", "\"").replace("&amp;", "&")
}
