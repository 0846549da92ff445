//! Findings as a person reads them: one a line, with file, line and column.

use std::fmt;
use std::path::Path;

use viadukt_api::config::Finding;

/// Findings of one file; its `Display` writes each on a line, as
/// `viadukt.toml:3:10: bridges.post.imap.port: expected …`.
pub struct Report<'a> {
    /// The file, as the user named it.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a str,
    /// What was found in it.
    pub findings: &'a [Finding],
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.findings {
            let (line, column) = place(self.text, finding.span.start);
            write!(f, "{}:{line}:{column}: ", self.file.display())?;
            if !finding.path.is_empty() {
                write!(f, "{}: ", finding.path)?;
            }
            writeln!(f, "{}", finding.message)?;
        }
        Ok(())
    }
}

/// Line and column of the byte `offset`, both from 1; columns count characters, as editors do.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "ä = 1\nschlüssel = \"ß\" # x\n";
        for (what, expected) in
            [("ä", (1, 1)), ("schl", (2, 1)), ("\"ß", (2, 13)), ("# x", (2, 17))]
        {
            assert_eq!(text.find(what).map(|at| place(text, at)), Some(expected), "{what}");
        }
        assert_eq!(place(text, 9999), (3, 1));
    }
}
