//! HTML from strangers, written anew so that no parser has trouble with it.
//!
//! A parser of HTML (WHATWG, 13.2) does more work than there is input when elements stand deep
//! inside one another, are closed in the wrong order or carry thousands of attributes. Here only
//! elements that are shown later are written down again, well nested, with the few attributes
//! that mean something. Text is left as it is. One pass, whatever comes; it makes nothing safe,
//! that is the sanitiser's work.

/// Elements deeper inside one another are left out, their text stays.
const MAX_DEPTH: usize = 100;
/// The same of elements after so many.
const MAX_TAGS: usize = 20_000;
/// Longer values of attributes are left out.
const MAX_VALUE: usize = 4 << 10;

/// Elements that hold others and are closed by their own tag.
const NESTING: &[&str] = &[
    "a",
    "b",
    "blockquote",
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
    "i",
    "ol",
    "pre",
    "s",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "u",
    "ul",
];
/// Elements that hold nothing, or that the next of their kind closes.
const FLAT: &[&str] = &["br", "hr", "li", "p", "tbody", "td", "th", "thead", "tr"];
/// Elements that a parser opens again wherever they were left open (13.2.4.3): without attributes
/// three of each at most.
const BARE: &[&str] = &["b", "code", "em", "i", "s", "strong", "u"];
/// What these hold is no text of the mail.
const HIDDEN: &[&str] = &["script", "style", "template", "title"];
/// Attributes that are shown, or that tell what is quoted.
const ATTRIBUTES: &[&str] = &["class", "href", "id", "name", "start", "style", "type"];

/// Writes `html` anew.
pub(crate) fn tidy(html: &str) -> String {
    let mut tidy = Tidy { out: String::with_capacity(html.len()), open: Vec::new(), tags: 0 };
    let mut rest = html;
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        tidy.out.push_str(&rest[..at]);
        rest = tidy.markup(&rest[at..]);
    }
    tidy.out.push_str(rest);
    tidy.close_to(0);
    tidy.out
}

struct Tidy {
    out: String,
    /// What is open and was written.
    open: Vec<&'static str>,
    tags: usize,
}

impl Tidy {
    /// Takes what begins with `<`; gives what comes after it.
    fn markup<'h>(&mut self, html: &'h str) -> &'h str {
        let after = &html[1..];
        if let Some(comment) = after.strip_prefix("!--") {
            return end_of_comment(comment);
        }
        if after.starts_with(['!', '?']) {
            return after_first(after, '>');
        }
        let (closes, named) = match after.strip_prefix('/') {
            Some(named) => (true, named),
            None => (false, after),
        };
        if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
            // Text, such as "3 < 4"; "</ …>" is a comment.
            if closes {
                return after_first(named, '>');
            }
            self.out.push_str("&lt;");
            return after;
        }
        let is_end = |c: char| c.is_ascii_whitespace() || c == '/' || c == '>';
        let (name, attributes) = named.split_at(named.find(is_end).unwrap_or(named.len()));
        let name = if name.len() <= 10 { name.to_ascii_lowercase() } else { String::new() };
        let (attributes, rest) = read(attributes);
        self.tags += 1;
        match (known(NESTING, &name), known(FLAT, &name)) {
            _ if self.tags > MAX_TAGS => {}
            (Some(name), _) if closes => self.close(name),
            (Some(name), _) if self.open.len() < MAX_DEPTH => {
                self.write(name, &attributes);
                self.open.push(name);
            }
            (_, Some(name)) if closes => self.out.push_str(&format!("</{name}>")),
            (_, Some(name)) => self.write(name, &attributes),
            _ if !closes && HIDDEN.contains(&name.as_str()) => return after_hidden(rest, &name),
            _ => {}
        }
        rest
    }

    fn write(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes.iter().filter(|_| !BARE.contains(&name)) {
            let value = value.replace('"', "&quot;");
            self.out.push_str(&format!(" {key}=\"{value}\""));
        }
        self.out.push('>');
    }

    /// Closes the innermost `name` and all inside it; one that is not open closes nothing.
    fn close(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|open| *open == name) {
            self.close_to(at);
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(name) = self.open.pop() else { return };
            self.out.push_str(&format!("</{name}>"));
        }
    }
}

/// The attributes of a tag that mean something, each once, and what comes after the tag (13.2.5.32
/// to 13.2.5.40).
fn read(tag: &str) -> (Vec<(&'static str, &str)>, &str) {
    let mut found: Vec<(&'static str, &str)> = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let Some(first) = rest.chars().next() else { return (found, rest) };
        if first == '>' {
            return (found, &rest[1..]);
        }
        // A name may begin with "=".
        let from = first.len_utf8();
        let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
        let end = rest[from..].find(is_end).map_or(rest.len(), |at| from + at);
        let key = &rest[..end];
        let (value, after) = value(&rest[end..]);
        rest = after;
        let key = ATTRIBUTES.iter().find(|known| known.eq_ignore_ascii_case(key));
        if let Some(key) = key.filter(|key| found.iter().all(|(known, _)| known != *key))
            && value.len() <= MAX_VALUE
        {
            found.push((key, value));
        }
    }
}

/// What stands after an attribute's name: its value, and the rest.
fn value(text: &str) -> (&str, &str) {
    let Some(text) = text.trim_ascii_start().strip_prefix('=') else { return ("", text) };
    let text = text.trim_ascii_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let is_end = |c: char| c.is_ascii_whitespace() || c == '>';
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

fn known(names: &[&'static str], name: &str) -> Option<&'static str> {
    names.iter().find(|known| **known == name).copied()
}

/// 13.2.5.43: "<!-->" is a whole comment.
fn end_of_comment(comment: &str) -> &str {
    for short in [">", "->"] {
        if let Some(rest) = comment.strip_prefix(short) {
            return rest;
        }
    }
    let end = memchr::memmem::find(comment.as_bytes(), b"-->");
    end.map_or("", |at| &comment[at + 3..])
}

fn after_first(text: &str, end: char) -> &str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// What comes after the element `name`; all of it when that never ends.
fn after_hidden<'h>(html: &'h str, name: &str) -> &'h str {
    let mut rest = html;
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return after_first(rest, '>');
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: &str) {
        assert_eq!(tidy(html), expected, "{html}");
    }

    #[test]
    fn what_is_well_formed_stays() {
        for html in [
            "<div class=\"gmail_quote\"><p>Gr&uuml;&szlig;e</p><br></div>",
            "<table><tr><td>1<td>2</table>",
            "<a href=\"https://amt.example/?a=1&amp;b=2\">hier</a>",
        ] {
            check(html, html);
        }
    }

    #[test]
    fn what_is_not_becomes_it() {
        check("<b><i>x</b>y</i>", "<b><i>x</i></b>y");
        check("<DIV Class=a ONCLICK='x()' id = \"b\">x", "<div class=\"a\" id=\"b\">x</div>");
        check("3 < 4 </span>& 5", "3 &lt; 4 & 5");
        check("<div title='</div>' id='\"'>x</div>", "<div id=\"&quot;\">x</div>");
        check("<!-- <b> --><!--[if mso]>x<![endif]--><![if !mso]>y", "y");
        check("<style>a > b</style><font color=red>x</font><img src=x>", "x");
        check("<p><style>lost?", "<p>lost?");
        check("<!-->x<a name='y", "x<a name=\"y\"></a>");
        check("<", "&lt;");
    }
}
