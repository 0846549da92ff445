//! The lines of a mail in HTML, and the HTML of those that are shown.
//!
//! Mail programs name the elements that they put around an earlier mail; quotes are
//! `blockquote`s. What the structure does not tell, the words of the lines do.

use std::borrow::Cow;

use super::line::{Line, Mark};
use super::markup::{Token, attribute, decoded, tokens};

/// What an element says of the lines in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    Quote,
    /// All of its lines.
    Each(Mark),
    /// The next line, wherever it is.
    Next(Mark),
}

/// A mail's lines, and the tokens they are made of.
pub(super) struct Document<'h> {
    tokens: Vec<(Token<'h>, &'h str)>,
    /// For each token the line it belongs to.
    line_of: Vec<usize>,
    pub(super) lines: Vec<Line<'static>>,
}

impl<'h> Document<'h> {
    /// Reads what the sanitiser has written with attributes left.
    pub(super) fn of(html: &'h str) -> Self {
        let tokens = tokens(html);
        let mut reader = Reader::default();
        let line_of = tokens.iter().map(|(token, _)| reader.token(token)).collect();
        reader.end_line();
        Self { tokens, line_of, lines: reader.lines }
    }

    /// The HTML of the lines that are `kept`, without elements that hold nothing any more.
    pub(super) fn only(&self, kept: &[bool]) -> String {
        let is_kept = |at: usize| kept.get(self.line_of[at]).copied().unwrap_or(false);
        let holds = self.holding(is_kept);
        let mut html = String::new();
        // Elements that are open, and whether they are written.
        let mut open: Vec<bool> = Vec::new();
        let (mut line, mut preformatted) = (None, 0);
        for (at, (token, written)) in self.tokens.iter().enumerate() {
            let outer = open.last().copied().unwrap_or(true);
            let shown = match token {
                Token::Open { name, .. } => {
                    // A table keeps its shape.
                    let shown = outer && (holds[at] || matches!(*name, "td" | "th"));
                    open.push(shown);
                    shown
                }
                Token::Close { .. } => open.pop().unwrap_or(false),
                Token::Text(_) | Token::Void { .. } => outer && is_kept(at),
            };
            if !shown {
                continue;
            }
            match token {
                Token::Open { name, .. } | Token::Close { name } if is_inline(name) => {}
                Token::Text(text) => {
                    // What stood between two lines and kept them apart may be gone.
                    if line.is_some_and(|line| line != self.line_of[at]) {
                        html.push_str("<br>");
                    }
                    let is_ended = preformatted > 0 && text.ends_with('\n');
                    line = (!is_ended).then_some(self.line_of[at]);
                }
                _ => line = None,
            }
            match token {
                Token::Open { name: "pre", .. } => preformatted += 1,
                Token::Close { name: "pre" } => preformatted -= 1,
                _ => {}
            }
            html.push_str(written);
        }
        html
    }

    /// For each opening tag whether anything in the element is kept.
    fn holding(&self, is_kept: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut holds = vec![false; self.tokens.len()];
        let mut open: Vec<usize> = Vec::new();
        for (at, (token, _)) in self.tokens.iter().enumerate() {
            match token {
                Token::Open { .. } => open.push(at),
                Token::Close { .. } => {
                    let closed = open.pop();
                    if let (Some(inner), Some(outer)) = (closed, open.last()) {
                        holds[*outer] |= holds[inner];
                    }
                }
                Token::Text(_) | Token::Void { .. } => {
                    if let Some(inner) = open.last() {
                        holds[*inner] |= is_kept(at);
                    }
                }
            }
        }
        holds
    }
}

#[derive(Default)]
struct Reader {
    lines: Vec<Line<'static>>,
    text: String,
    /// Whether the line has a token, be it without text.
    begun: bool,
    /// The elements that are open.
    open: Vec<Role>,
    /// What those among them say of all their lines.
    each: Vec<Mark>,
    depth: usize,
    preformatted: usize,
    next: Option<Mark>,
}

impl Reader {
    /// Takes the next token, and says which line it belongs to.
    fn token(&mut self, token: &Token<'_>) -> usize {
        match token {
            Token::Open { name, attributes } => {
                if !is_inline(name) {
                    self.end_line();
                }
                let role = role(name, attributes);
                match role {
                    Role::Quote => {
                        self.end_line();
                        self.depth += 1;
                    }
                    Role::Next(mark) => self.next = Some(mark),
                    Role::Each(mark) => {
                        self.end_line();
                        self.each.push(mark);
                    }
                    Role::Plain => {}
                }
                self.preformatted += usize::from(*name == "pre");
                self.open.push(role);
                self.lines.len()
            }
            Token::Close { name } => {
                let line = self.lines.len();
                if !is_inline(name) {
                    self.end_line();
                }
                self.preformatted -= usize::from(*name == "pre" && self.preformatted > 0);
                match self.open.pop() {
                    Some(Role::Quote) => {
                        self.end_line();
                        self.depth -= 1;
                    }
                    Some(Role::Each(_)) => {
                        self.end_line();
                        self.each.pop();
                    }
                    _ => {}
                }
                line
            }
            Token::Void { name } => {
                self.begun = true;
                if *name == "hr" {
                    self.end_line();
                    self.begun = true;
                    self.text.push_str("-----");
                }
                let line = self.lines.len();
                self.end_line();
                line
            }
            Token::Text(text) => {
                let line = self.lines.len();
                self.begun = true;
                self.say(text);
                if self.preformatted > 0 && text.ends_with('\n') {
                    self.end_line();
                }
                line
            }
        }
    }

    /// Blanks count once (CSS Text 3 4.1.1), but one at the end of a line stays: it tells two
    /// dashes from a signature's.
    fn say(&mut self, text: &str) {
        let text = decoded(text);
        if self.preformatted > 0 {
            self.text.push_str(text.trim_end_matches('\n'));
            return;
        }
        for c in text.chars() {
            let c = if c.is_ascii_whitespace() { ' ' } else { c };
            if c != ' ' || !(self.text.is_empty() || self.text.ends_with(' ')) {
                self.text.push(c);
            }
        }
    }

    fn end_line(&mut self) {
        if !self.begun {
            return;
        }
        self.begun = false;
        let text = std::mem::take(&mut self.text);
        let is_blank = text.trim().is_empty();
        let each = self.each.last().copied();
        let mark = match () {
            () if is_blank => each.filter(|mark| *mark == Mark::Signature),
            () => self.next.take().or(each),
        };
        self.lines.push(Line { text: Cow::Owned(text), depth: self.depth, mark });
    }
}

/// What mail programs mean by an element.
fn role(name: &str, attributes: &str) -> Role {
    if attributes.is_empty() && name != "blockquote" {
        return Role::Plain;
    }
    let value = |name| attribute(attributes, name).unwrap_or_default();
    let (class, id) = (value("class"), value("id"));
    let has = |names: &[&str]| {
        class.split_ascii_whitespace().chain([id]).any(|found| names.contains(&found))
    };
    let style: String = value("style").to_ascii_lowercase().split_whitespace().collect();
    match () {
        // Gmail; Thunderbird.
        () if has(&["gmail_attr", "moz-cite-prefix"]) => Role::Each(Mark::Attribution),
        () if has(&["moz-forward-container"]) => Role::Next(Mark::Forward),
        // Outlook on the web and on phones; Outlook, by the line that it draws above a header.
        () if has(&[
            "divRplyFwdMsg",
            "appendonsend",
            "mail-editor-reference-message-container",
        ]) =>
        {
            Role::Next(Mark::Earlier)
        }
        () if ["#e1e1e1", "#b5c4df"]
            .iter()
            .any(|colour| style.contains(&format!("border-top:solid{colour}"))) =>
        {
            Role::Next(Mark::Earlier)
        }
        () if has(&[
            "gmail_signature",
            "moz-signature",
            "Signature",
            "AppleMailSignature",
            "ms-outlook-mobile-signature",
            "protonmail_signature_block",
        ]) =>
        {
            Role::Each(Mark::Signature)
        }
        // Yahoo; GMX and WEB.DE.
        () if has(&["yahoo_quoted"]) || id.starts_with("yahoo_quoted") => Role::Quote,
        () if name == "div" && value("name") == "quote" => Role::Quote,
        // Editors use the element to indent as well, and then draw no line beside it.
        () if name == "blockquote" => {
            let is_indent =
                style.contains("border:none") && class.is_empty() && value("type").is_empty();
            if is_indent { Role::Plain } else { Role::Quote }
        }
        () => Role::Plain,
    }
}

fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "b" | "code" | "del" | "em" | "i" | "s" | "span" | "strong" | "sub" | "sup" | "u"
    )
}
