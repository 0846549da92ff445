//! The files that hold secrets: there, readable, and closed to everyone else.

use std::os::unix::fs::PermissionsExt;

use viadukt_api::config::{Finding, NamedSecret};

/// Looks at each file. This is IO and belongs to `check`, not to reading the configuration.
pub fn examine(secrets: &[NamedSecret]) -> Vec<Finding> {
    secrets
        .iter()
        .filter_map(|secret| {
            let message = examine_one(secret).err()?;
            Some(Finding { span: secret.span.clone(), path: secret.path.clone(), message })
        })
        .collect()
}

fn examine_one(secret: &NamedSecret) -> Result<(), String> {
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
