//! What viadukt is shipped in: the unit of systemd, the Debian package, the image.

mod confined;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use viadukt_testbed::servers::packages::hadolint;

use crate::scene::program;

/// What of the C library and the compiler's the image's base has; viadukt must need no more.
const LIBRARIES: [&str; 4] = ["libc.so.6", "libgcc_s.so.1", "libm.so.6", "ld-linux"];

/// The exposure level that systemd may see, from 0 (none) to 10; 1.1 when it was written.
const EXPOSURE: f64 = 1.5;

#[test]
fn the_unit_leaves_hardly_anything_exposed() -> Result<()> {
    let unit = root().join("packaging/systemd/viadukt.service");
    let mut analyze = Command::new("systemd-analyze");
    let output = analyze.args(["security", "--offline=true", "--no-pager"]).arg(unit).output()?;
    let report = text(&output)?;
    let level = report.split("exposure level for viadukt.service: ").nth(1);
    let level = level.and_then(|rest| rest.split(' ').next()).with_context(|| report.clone())?;
    assert!(level.parse::<f64>()? <= EXPOSURE, "{report}");
    Ok(())
}

#[test]
fn systemd_understands_the_unit() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let unit = fs::read_to_string(root().join("packaging/systemd/viadukt.service"))?;
    let here = unit.replace("/usr/bin/viadukt run", &format!("{} run", program().display()));
    let file = folder.path().join("viadukt.service");
    fs::write(&file, here)?;
    let output = Command::new("systemd-analyze").arg("verify").arg(&file).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    // It verifies the units of this machine besides.
    let ours: Vec<_> = said.lines().filter(|line| line.contains("viadukt")).collect();
    assert_eq!(ours, [""; 0]);
    Ok(())
}

#[test]
fn the_debian_package_finds_all_of_its_parts() -> Result<()> {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml"))?.parse()?;
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets = deb["assets"].as_array().context("no assets")?;
    let sources = assets.iter().filter_map(|asset| asset[0].as_str());
    for source in sources.filter(|source| !source.starts_with("target/")) {
        let folder = source.split('*').next().unwrap_or(source);
        assert!(root().join(folder).exists(), "{source}");
    }
    for script in ["postinst", "postrm"] {
        let file = root().join("packaging/debian").join(script);
        let output = Command::new("sh").arg("-n").arg(&file).output()?;
        assert!(output.status.success(), "{script}: {output:?}");
        assert!(fs::read_to_string(&file)?.contains("\n#DEBHELPER#\n"), "{script}");
    }
    Ok(())
}

#[tokio::test]
async fn the_image_is_built_as_hadolint_wants_it_and_never_runs_as_root() -> Result<()> {
    let file = root().join("Containerfile");
    assert_eq!(hadolint(&file).await?, "");
    let text = fs::read_to_string(&file)?;
    let (_, last) = text.rsplit_once("\nFROM ").context("no stage")?;
    let user = last.lines().find_map(|line| line.strip_prefix("USER "));
    assert_eq!(user, Some("65532:65532"));
    assert!(!last.contains("\nRUN "), "there is no shell in the last stage");

    // What the build copies: nothing that a build has made, no secret that lies about.
    let ignored = fs::read_to_string(root().join(".dockerignore"))?;
    assert!(ignored.lines().any(|line| line == "*"));
    for kept in ignored.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(root().join(kept).exists(), "{kept}");
    }
    Ok(())
}

#[test]
fn the_program_needs_no_libraries_but_those_in_the_image() -> Result<()> {
    let output = Command::new("ldd").arg(program()).output()?;
    let listed = text(&output)?;
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    let other: BTreeSet<_> = names
        .filter(|name| !name.starts_with("linux-vdso"))
        .filter(|name| !LIBRARIES.iter().any(|known| name.contains(known)))
        .collect();
    assert_eq!(other, BTreeSet::new());
    Ok(())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(output: &Output) -> Result<String> {
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
