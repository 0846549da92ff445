//! A template is tried with an example, as `viadukt check` does, before a real thing comes.

use std::path::Path;
use std::sync::Arc;

use viadukt_api::Words;

use super::Reads;
use crate::template::{Template, context};

/// The template in `file`.
///
/// # Errors
/// What is wrong with it, and where.
pub(super) fn load(file: &Path, words: &Arc<Words>) -> Result<Template, String> {
    let origin = file.display().to_string();
    let source = std::fs::read_to_string(file).map_err(|error| format!("{origin}: {error}"))?;
    Template::new(&origin, source, words).map_err(|error| error.to_string())
}

/// Renders the template in one file with everything that another holds.
///
/// # Errors
/// What is wrong with either of them, and where.
pub(super) fn run(reads: &dyn Reads, template: &Path, example: &Path) -> Result<(), String> {
    let template = load(template, &Arc::new(Words::new(Default::default())))?;
    let wrong = |what: &str| format!("{}: {what}", example.display());
    let file = std::fs::read(example).map_err(|error| wrong(&error.to_string()))?;
    let examples = reads.examples(&file).map_err(|what| wrong(&what))?;
    let mut is_tried = false;
    for received in &examples {
        let reading =
            reads.read(received).map_err(|_| wrong("nothing that such a system sends"))?;
        if let Some(value) = reading.value {
            let value = context(&value, reads.beside(received));
            template.render(&value).map_err(|error| error.to_string())?;
            is_tried = true;
        }
    }
    if is_tried { Ok(()) } else { Err(wrong("it holds nothing to try the template with")) }
}
