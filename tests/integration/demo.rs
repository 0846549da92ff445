//! What a newcomer sees first works.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command;

#[tokio::test]
async fn the_demo_plays_its_acts() -> Result<()> {
    let program = Path::new(env!("CARGO_BIN_EXE_viadukt"));
    let demo = program.parent().context("no folder")?.join("examples/demo");
    let output = Command::new(&demo).arg("--once").stdin(Stdio::null()).output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
    for expected in [
        "the same, byte by byte",
        "encrypted, by a device that its owner has signed",
        "Answers      the citizen's mail",
        "Thread       the same as before",
        "Delivery     ✓ zugestellt at the clerk's answer",
        "Silence      Ersatz ist bestellt",
        "Edited       the same message, and says that it is over",
    ] {
        assert!(said.contains(expected), "{expected:?} is missing in\n{said}");
    }
    Ok(())
}
