//! `viadukt check`: the configuration and the files it names, before anything starts.

use std::io::Write;
use std::path::Path;

use viadukt_api::Words;

use super::{Exit, Failure, read};
use crate::config::{Config, Registry, Report};

pub(super) fn check(
    file: &Path,
    registry: &Registry,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let text = read(file)?;
    match Config::examine(&text, registry) {
        Ok(config) => {
            let names: Vec<_> = config.bridges.iter().map(|bridge| bridge.name.as_str()).collect();
            let file = file.display().to_string();
            let args = [("file", file.as_str()), ("bridges", &names.join(", "))];
            writeln!(out, "{}", Words::new(config.language).say("cli-check-good", &args))?;
            Ok(Exit::Ok)
        }
        Err(findings) => {
            write!(out, "{}", Report { file, text: &text, findings: &findings })?;
            Ok(Exit::Usage)
        }
    }
}
