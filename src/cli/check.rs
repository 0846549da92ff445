//! `viadukt check`: the configuration and the files it names, before anything starts.

use std::io::Write;
use std::path::Path;

use viadukt_api::Words;
use viadukt_api::config::Finding;

use super::{Exit, Failure, read};
use crate::config::{Config, Registry, Report, examine_secrets};

pub(super) fn check(
    file: &Path,
    registry: &Registry,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let text = read(file)?;
    let (findings, config) = match Config::parse(&text, registry) {
        Ok(config) => (examine(&config), Some(config)),
        Err(findings) => (findings, None),
    };
    match config {
        Some(config) if findings.is_empty() => {
            let names: Vec<_> = config.bridges.iter().map(|bridge| bridge.name.as_str()).collect();
            let file = file.display().to_string();
            let args = [("file", file.as_str()), ("bridges", &names.join(", "))];
            writeln!(out, "{}", Words::new(config.language).say("cli-check-good", &args))?;
            Ok(Exit::Ok)
        }
        _ => {
            write!(out, "{}", Report { file, text: &text, findings: &findings })?;
            Ok(Exit::Usage)
        }
    }
}

/// What is wrong with the files that `config` names, in the order in which it names them.
fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = examine_secrets(&config.secrets);
    findings.extend(config.later.iter().filter_map(|later| {
        let message = (later.look)().err()?;
        Some(Finding { span: later.span.clone(), path: later.path.clone(), message })
    }));
    findings.sort_by_key(|finding| finding.span.start);
    findings
}
