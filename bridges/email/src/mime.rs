//! The bones of a mail (RFC 2045, RFC 2046), line by line, without memory of what went by: which
//! lines are header, where a leaf's body begins, where parts end. Knows just enough to lift
//! large bodies out while they arrive, and to notice a mail with too many parts beforehand.

/// Multiparts and messages inside one another, at most.
pub(crate) const MAX_DEPTH: usize = 20;
/// Parts, at most.
pub(crate) const MAX_PARTS: usize = 200;
/// Longer header fields are cut; they belong to a hostile mail.
const MAX_FIELD: usize = 8 << 10;

/// Walks over a mail.
#[derive(Default)]
pub(crate) struct Walker {
    /// Boundaries of the multiparts that are open, the innermost last.
    open: Vec<Vec<u8>>,
    in_body: bool,
    head: Head,
    depth: usize,
    parts: usize,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Part of a header, or the empty line that ends it.
    Head,
    /// The empty line after which this leaf's body begins.
    Leaf(Leaf),
    /// The empty line after which the header of an attached mail begins.
    Mail,
    /// Between parts, or inside one.
    Body,
    /// Begins or ends a part.
    Boundary,
}

/// A part without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// Its body is encoded in base64.
    pub(crate) base64: bool,
    /// It is text that a reader shows, not a file.
    pub(crate) shown: bool,
}

impl Walker {
    /// Looks at the next line. A long line comes in pieces, `continues` set for all but the
    /// first: they are never boundaries.
    pub(crate) fn line(&mut self, line: &[u8], continues: bool) -> Line {
        let text = trim_end(line);
        if !continues && text.starts_with(b"--") && self.at_boundary(&text[2..]) {
            return Line::Boundary;
        }
        if self.in_body {
            return Line::Body;
        }
        if !continues && text.is_empty() {
            return self.end_of_head();
        }
        self.head.add(line, continues);
        Line::Head
    }

    /// Whether lines are part of a header at the moment.
    pub(crate) fn in_head(&self) -> bool {
        !self.in_body
    }

    /// Whether this is inside a multipart.
    pub(crate) fn is_inside(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether the next line, if it is this one, begins or ends a part.
    pub(crate) fn is_boundary(&self, line: &[u8]) -> bool {
        self.boundary_of(line).is_some()
    }

    /// Whose part it begins or ends.
    pub(crate) fn boundary_of(&self, line: &[u8]) -> Option<&Vec<u8>> {
        let text = line.strip_prefix(b"--")?;
        self.open.iter().rfind(|open| text.starts_with(open))
    }

    /// The boundaries of the multiparts that are still open, the innermost first, when this line
    /// belongs to one around them: RFC 2046 5.1.2 has it end them.
    pub(crate) fn left_open(&self, line: &[u8]) -> Vec<Vec<u8>> {
        let text = line.strip_prefix(b"--").unwrap_or_default();
        let which = self.open.iter().rposition(|open| text.starts_with(open));
        which.map_or_else(Vec::new, |at| self.open[at + 1..].iter().rev().cloned().collect())
    }

    /// Whether there were more parts, or deeper ones, than are read.
    pub(crate) fn beyond_limits(&self) -> bool {
        self.parts > MAX_PARTS || self.depth > MAX_DEPTH
    }

    /// RFC 2046 5.1.1. As in mail-parser a boundary counts when a line begins with it.
    fn at_boundary(&mut self, text: &[u8]) -> bool {
        let Some(which) = self.open.iter().rposition(|open| text.starts_with(open)) else {
            return false;
        };
        let ends = text[self.open[which].len()..].starts_with(b"--");
        self.depth -= self.open.len() - 1 - which;
        self.open.truncate(which + 1);
        if ends {
            self.open.pop();
            self.depth -= 1;
        } else {
            self.parts += 1;
        }
        self.head = Head::default();
        self.in_body = ends;
        true
    }

    fn end_of_head(&mut self) -> Line {
        let head = std::mem::take(&mut self.head).finish();
        if head.is_empty() {
            // Empty lines before the first field; a part without any header is plain text.
            if self.open.is_empty() {
                return Line::Head;
            }
            self.in_body = true;
            return Line::Leaf(Leaf { base64: false, shown: true });
        }
        if let Some(boundary) = head.boundary {
            self.depth += 1;
            self.in_body = true;
            if self.depth <= MAX_DEPTH {
                self.open.push(boundary);
            }
            return Line::Head;
        }
        if head.kind == Kind::Message && !head.base64 {
            // A mail in a mail: its header follows at once. It counts as a part, not as depth:
            // where it ends is for the boundary around it to say.
            self.parts += 1;
            return Line::Mail;
        }
        self.in_body = true;
        let shown = head.kind == Kind::Text && !head.named;
        Line::Leaf(Leaf { base64: head.base64, shown })
    }
}

/// The fields of a header that decide about the part.
#[derive(Default)]
struct Head {
    field: Vec<u8>,
    fields: usize,
    kind: Kind,
    base64: bool,
    named: bool,
    boundary: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Text,
    Message,
    Other,
}

impl Head {
    fn add(&mut self, line: &[u8], continues: bool) {
        if !continues && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            self.end_of_field();
            self.fields += 1;
        }
        let room = MAX_FIELD.saturating_sub(self.field.len());
        self.field.extend_from_slice(&line[..line.len().min(room)]);
    }

    fn finish(mut self) -> Self {
        self.end_of_field();
        self
    }

    fn is_empty(&self) -> bool {
        self.fields == 0
    }

    fn end_of_field(&mut self) {
        let field = std::mem::take(&mut self.field);
        let Some(colon) = field.iter().position(|b| *b == b':') else { return };
        let (name, value) = (field[..colon].trim_ascii(), field[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-type") {
            let kind = value.to_ascii_lowercase();
            self.kind = match () {
                () if kind.starts_with(b"text/plain") => Kind::Text,
                () if kind.starts_with(b"text/html") => Kind::Text,
                () if kind.starts_with(b"message/rfc822") => Kind::Message,
                () if kind.starts_with(b"message/global") => Kind::Message,
                () => Kind::Other,
            };
            self.named |= kind.windows(4).any(|w| w == b"name");
            self.boundary = kind.starts_with(b"multipart/").then(|| boundary(value)).flatten();
        } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            self.base64 = value.eq_ignore_ascii_case(b"base64");
        } else if name.eq_ignore_ascii_case(b"content-disposition") {
            let value = value.to_ascii_lowercase();
            self.named |=
                value.starts_with(b"attachment") || value.windows(4).any(|w| w == b"name");
        }
    }
}

/// The boundary among the parameters of a Content-Type (RFC 2045 5.1).
pub(crate) fn boundary(value: &[u8]) -> Option<Vec<u8>> {
    let at = value.to_ascii_lowercase().windows(9).position(|w| w == b"boundary=")?;
    let rest = &value[at + 9..];
    let found = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|b| *b == b'"').next()?,
        None => rest.split(|b| *b == b';' || b.is_ascii_whitespace()).next()?,
    };
    let found = found.trim_ascii_end();
    (!found.is_empty()).then(|| found.to_vec())
}

fn trim_end(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}
