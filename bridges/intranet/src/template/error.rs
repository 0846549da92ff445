//! What is wrong with a template, and where.

use std::fmt;

use minijinja::{Error, ErrorKind};

/// A template that cannot be read, or does not fit what it was given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    origin: String,
    /// Line and column, from 1.
    place: Option<(usize, usize)>,
    what: String,
}

impl TemplateError {
    /// `error` in the template from `origin`.
    pub(super) fn new(origin: &str, error: &Error) -> Self {
        let what = match (error.kind(), error.detail()) {
            (ErrorKind::OutOfFuel, _) => "it loops, or does far too much".to_owned(),
            (ErrorKind::WriteFailure, _) => "it writes far too much".to_owned(),
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        let at = error.range().zip(error.template_source()).map(|(range, source)| {
            let before = source.get(..range.start).unwrap_or(source);
            let line_begins = before.rfind('\n').map_or(0, |end| end + 1);
            let column = before.get(line_begins..).unwrap_or_default().chars().count();
            (before.matches('\n').count() + 1, column + 1)
        });
        let place = at.or_else(|| error.line().map(|line| (line, 1)));
        Self { origin: origin.to_owned(), place, what }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)
    }
}
