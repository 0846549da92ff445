//! The plain text of Markdown: what it says, without its marks.

use pulldown_cmark::{CowStr, Event, Tag, TagEnd};

/// What `events` say.
pub(super) fn of(events: &[Event<'_>]) -> String {
    let mut writer = Writer::default();
    for event in events {
        writer.take(event);
    }
    super::tidy(&writer.text)
}

#[derive(Default)]
struct Writer<'e> {
    text: String,
    /// The lists that are open, each with the number of its next item.
    lists: Vec<Option<u64>>,
    /// The links that are open: where each leads, and where its words begin.
    links: Vec<(&'e CowStr<'e>, usize)>,
    is_first_cell: bool,
}

impl<'e> Writer<'e> {
    fn take(&mut self, event: &'e Event<'e>) {
        match event {
            Event::Text(text) | Event::Code(text) => self.text.push_str(text),
            Event::HardBreak | Event::SoftBreak => self.text.push('\n'),
            Event::Rule => self.block("---"),
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(*tag),
            // What is not enabled: maths, footnotes, tasks; and HTML, which is text here.
            _ => {}
        }
    }

    fn begin(&mut self, tag: &'e Tag<'e>) {
        match tag {
            Tag::List(first) => {
                self.lists.push(*first);
                self.line();
            }
            Tag::Item => {
                self.line();
                let depth = self.lists.len().saturating_sub(1).min(8);
                self.text.push_str(&"  ".repeat(depth));
                match self.lists.last_mut() {
                    Some(Some(number)) => {
                        self.text.push_str(&format!("{number}. "));
                        *number = number.saturating_add(1);
                    }
                    _ => self.text.push_str("- "),
                }
            }
            Tag::Link { dest_url, .. } => self.links.push((dest_url, self.text.len())),
            Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Table(_)
                if self.lists.is_empty() =>
            {
                self.gap();
            }
            Tag::TableHead | Tag::TableRow => {
                self.line();
                self.is_first_cell = true;
            }
            Tag::TableCell => {
                if !self.is_first_cell {
                    self.text.push_str(" | ");
                }
                self.is_first_cell = false;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.gap();
                }
            }
            TagEnd::Link => {
                if let Some((to, from)) = self.links.pop()
                    && self.text.get(from..) != Some(to)
                {
                    self.text.push_str(&format!(" ({to})"));
                }
            }
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table => {
                self.line();
            }
            _ => {}
        }
    }

    fn block(&mut self, text: &str) {
        self.gap();
        self.text.push_str(text);
        self.gap();
    }

    /// Begins a new line.
    fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Leaves an empty line.
    fn gap(&mut self) {
        self.line();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}
