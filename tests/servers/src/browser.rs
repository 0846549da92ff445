//! A browser that is led by a script: Chromium with puppeteer, and axe-core, which knows what
//! keeps people from using a page.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::cache::installed;
use crate::process::tied_to_us;

// The releases that `tests/setup` installs.
const PUPPETEER: &str = "puppeteer-24.8.2";
const AXE: &str = "axe-4.14.1";

const PATIENCE: Duration = Duration::from_secs(180);

/// Runs `script` with Node.js: it reads `task`, which also says where puppeteer and axe-core
/// are, as JSON from its standard input and writes what it found as JSON.
///
/// # Errors
/// Something of it is not installed, or the script failed; the error holds its words.
pub async fn browse(script: &str, mut task: Value) -> io::Result<Value> {
    for (name, package) in [("puppeteer", PUPPETEER), ("axe", AXE)] {
        let folder = installed(package);
        if !folder.exists() {
            let what = format!("{} does not exist; run tests/setup", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, what));
        }
        task[name] = json!(folder);
    }
    let mut command = Command::from(tied_to_us("node"));
    command.args(["-e", script]).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(task.to_string().as_bytes()).await?;
    }
    let output = timeout(PATIENCE, child.wait_with_output()).await??;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(errors));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
