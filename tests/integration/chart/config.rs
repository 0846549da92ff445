//! The rendered configuration, read by the program itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use viadukt_testbed::servers::Authority;

use super::{Release, chart};
use crate::scene::program;

/// Stands in every secret; must be nowhere else. Good enough for a token, and base64 of 24 bytes.
const MARKER: &str = "Geheim4711EbbeGeheim4711Ebbe4711";

#[tokio::test]
async fn the_program_takes_every_rendered_configuration_with_its_secrets() -> Result<()> {
    for release in Release::all().await? {
        for pod in release.pods()? {
            let mounted = tempfile::tempdir()?;
            mount(pod, &release, mounted.path())?;
            check(mounted.path()).with_context(|| release.case.clone())?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn numbers_stay_whole_and_texts_stay_themselves() -> Result<()> {
    let release = Release::of(&chart(), "everything", &[]).await?;
    let config: toml::Table = configuration(&release)?.parse()?;
    let post = &config["bridges"]["post"];
    assert_eq!(post["imap"]["port"], toml::Value::Integer(143));
    assert_eq!(post["name"].as_str(), Some("Bürgerbüro „Mitte“"));
    let answer = "Danke für Ihre Nachricht.\nWir antworten \"bald\".";
    assert_eq!(post["answers"]["first_contact_text"].as_str(), Some(answer));
    let tokens = &config["bridges"]["monitoring"]["systems"]["alerts"]["token_files"];
    assert_eq!(tokens[1].as_str(), Some("/etc/viadukt/secrets/viadukt-hooks/alerts-next"));
    Ok(())
}

#[tokio::test]
async fn a_new_configuration_is_a_new_pod_and_the_same_one_is_not() -> Result<()> {
    let sum = async |more: &str| -> Result<Value> {
        let release = Release::of(&chart(), "minimal", &[more]).await?;
        let template = &release.the("StatefulSet")?["spec"]["template"];
        Ok(template["metadata"]["annotations"]["checksum/config"].clone())
    };
    let (first, same) = (sum("{}").await?, sum("{podLabels: {a: b}}").await?);
    assert_eq!(first, same);
    assert_ne!(first, sum("{config: {language: de}}").await?);
    Ok(())
}

/// The text of `viadukt.toml`.
fn configuration(release: &Release) -> Result<&str> {
    let maps = release.of_kind("ConfigMap");
    let mut texts = maps.iter().filter_map(|map| map["data"]["viadukt.toml"].as_str());
    texts.next().context("no configuration")
}

/// Puts into `folder` what `pod` sees below /etc/viadukt, and what other volumes bring it: each
/// file with a secret in it, and the rights that the volume gives.
fn mount(pod: &Value, release: &Release, folder: &Path) -> Result<()> {
    let here = |path: &str| folder.join(path.trim_start_matches('/'));
    let etc = "/etc/viadukt";
    let text = configuration(release)?;
    ensure!(!text.contains(MARKER));
    let volumes = pod["spec"]["volumes"].as_array().context("no volumes")?;
    let volume = volumes.iter().find(|volume| volume["name"] == "etc").context("no etc")?;
    let mode = volume["projected"]["defaultMode"].as_u64().context("no mode")?;
    assert_eq!(mode & 0o7, 0, "others may read");
    let write = |path: &str, content: &str| -> Result<()> {
        let path = here(path);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(u32::try_from(mode)?))?;
        Ok(())
    };
    let authority = Authority::new()?;
    for source in volume["projected"]["sources"].as_array().context("no sources")? {
        let kind = if source["secret"].is_null() { "configMap" } else { "secret" };
        for item in source[kind]["items"].as_array().into_iter().flatten() {
            let content = match item["key"].as_str() {
                Some("ca.crt") => fs::read_to_string(authority.ca_file())?,
                Some("tls.crt") => fs::read_to_string(authority.certificate())?,
                Some("tls.key") => fs::read_to_string(authority.key())?,
                _ => MARKER.to_owned(),
            };
            write(&format!("{etc}/{}", item["path"].as_str().context("no path")?), &content)?;
        }
    }
    write("/mnt/vault/matrix.token", MARKER)?;
    // The paths are the container's; here they begin at the folder.
    let mut moved = text.to_owned();
    for root in [etc, "/var/lib/viadukt", "/mnt/vault"] {
        moved = moved.replace(&format!("\"{root}"), &format!("\"{}", here(root).display()));
    }
    write(&format!("{etc}/viadukt.toml"), &moved)
}

/// `viadukt check` finds nothing.
fn check(mounted: &Path) -> Result<()> {
    let file = mounted.join("etc/viadukt/viadukt.toml");
    let output = Command::new(program()).arg("--config").arg(&file).arg("check").output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    ensure!(output.status.success(), "{said}");
    ensure!(!said.contains(MARKER), "{said}");
    Ok(())
}
