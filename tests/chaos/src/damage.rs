//! Damage to the store's files, and what viadukt says of it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rand::Rng;
use rand::rngs::StdRng;
use tokio::time::sleep;

use crate::fault::Fault;
use crate::run::Seen;
use crate::world::{People, World};

/// How long a start on a damaged store may take to be refused.
const LOOKS: u32 = 100;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// What a refusal says, in one way or the other.
const CLEAR: [&str; 3] = ["viadukt repair", "import an export", "there was a store in"];

/// Damages the store of the stopped viadukt, shows that a start on it is refused with a clear
/// message or finds everything there, and restores it. viadukt does not run afterwards.
///
/// # Errors
/// The files could not be copied, or a server failed.
pub async fn refused(
    world: &mut World,
    people: &People,
    fault: Fault,
    random: &mut StdRng,
) -> Result<Seen> {
    let data = world.testbed.folder().join("data");
    let (store, copy) = (data.join("store"), world.testbed.folder().join("store-before"));
    copy_folder(&store, &copy)?;
    let file = any_file(&store, random)?;
    let what = match fault {
        Fault::StoreTruncated => truncate(&file, random)?,
        _ => flip(&file, random)?,
    };
    // Nobody reaches it: what it might do on a damaged store must not be done.
    world.cut_off(&people.centre, true).await?;
    world.broker.pause();
    let said_before = world.bridge.log().len();
    world.bridge.start()?;
    let mut refused = false;
    for _ in 0..LOOKS {
        refused = !world.bridge.runs()?;
        if refused || matches!(world.bridge.get("/health/ready").await, Ok((503, _))) {
            break;
        }
        sleep(PAUSE).await;
    }
    if !refused {
        world.bridge.kill9().await?;
    }
    let said = world.bridge.log();
    let said = said.get(said_before..).unwrap_or_default();
    let clear = CLEAR.iter().any(|words| said.contains(words));
    fs::remove_dir_all(&store)?;
    copy_folder(&copy, &store)?;
    fs::remove_dir_all(&copy)?;
    world.broker.resume().await?;
    world.cut_off(&people.centre, false).await?;
    Ok(match (refused, clear) {
        (true, true) => Seen::Refused,
        (true, false) => Seen::Broken(format!("{what}: refused without a clear message:\n{said}")),
        (false, _) => Seen::Harmless,
    })
}

/// A file of the store that holds something and is not only space.
fn any_file(store: &Path, random: &mut StdRng) -> Result<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(store)? {
        let entry = entry?;
        let data = entry.metadata()?;
        let is_space = ["ballast", "lock"].iter().any(|name| entry.file_name() == *name);
        if data.is_file() && data.len() > 0 && !is_space {
            files.push(entry.path());
        }
    }
    files.sort();
    let place = random.random_range(0..files.len().max(1));
    files.into_iter().nth(place).context("the store has no files")
}

fn truncate(file: &Path, random: &mut StdRng) -> Result<String> {
    let length = fs::metadata(file)?.len();
    let left = random.random_range(0..length);
    OpenOptions::new().write(true).open(file)?.set_len(left)?;
    Ok(format!("{} cut from {length} to {left} bytes", file.display()))
}

fn flip(file: &Path, random: &mut StdRng) -> Result<String> {
    let length = fs::metadata(file)?.len();
    let at = random.random_range(0..length);
    let bit = random.random_range(0..8u8);
    let open = File::options().read(true).write(true).open(file)?;
    let mut byte = [0];
    open.read_exact_at(&mut byte, at)?;
    open.write_all_at(&[byte[0] ^ (1 << bit)], at)?;
    Ok(format!("bit {bit} of byte {at} of {} turned over", file.display()))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").arg("-a").arg("--sparse=always").args([from, to]).status()?;
    if !copied.success() {
        bail!("cannot copy {} to {}", from.display(), to.display());
    }
    Ok(())
}
