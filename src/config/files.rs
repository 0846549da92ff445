//! The files that a configuration names. Those that hold secrets: there, readable, and closed to
//! everyone else; and whatever else a part wants to look at in its files.

use std::os::unix::fs::PermissionsExt;

use viadukt_api::config::{Findings, NamedSecret};

/// Looks into each file that was named, and adds what is wrong. This is IO and belongs to `check`,
/// not to reading the configuration.
pub(super) fn examine(findings: &Findings) {
    for secret in findings.secrets() {
        if let Err(message) = look(&secret) {
            findings.add(secret.span, secret.path, message);
        }
    }
    for later in findings.later() {
        if let Err(message) = (later.look)() {
            findings.add(later.span, later.path, message);
        }
    }
}

fn look(secret: &NamedSecret) -> Result<(), String> {
    secret.file.read().map_err(|e| e.to_string())?;
    let path = secret.file.path();
    let mode = std::fs::metadata(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let open_to_all = mode.permissions().mode() & 0o007;
    if open_to_all != 0 {
        let file = path.display();
        return Err(format!("{file}: every user of this machine may use it; chmod o-rwx {file}"));
    }
    Ok(())
}
