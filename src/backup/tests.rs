//! A data folder, exported, imported, damaged and repaired.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use viadukt_api::{Env, Form, ItemId, Protection, SourceKey, Timestamp, WorkerName};

use super::*;
use crate::ledger::{Accepted, Delivery, Lane, Ledger, RawRecord};
use crate::store::sled::Options;
use crate::store::{FileSpool, Keys, SledStore};

/// Enough for more than one of sled's segments.
const ITEMS: u128 = 120;

/// Every tenth item is so long that it lies in the spool.
fn raw(number: u128) -> RawRecord {
    let length = if number.is_multiple_of(10) { 100_000 } else { 900 };
    RawRecord { bytes: vec![number as u8; length], lifted: Vec::new() }
}

fn data(folder: &Path) -> DataDir {
    DataDir { path: folder.join("data"), key_file: folder.join("key") }
}

/// A data folder of which something is known.
async fn filled(env: &Env) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path());
    let keys = Keys::load_or_create(&data.key_file, &data.store(), &*env.entropy).unwrap();
    let store = SledStore::open(&data.store(), &keys, env, Options::bare()).await.unwrap();
    let spool = FileSpool::open(&data.path.join("spool"), &keys, env, 0).unwrap();
    let ledger = Ledger::new(Arc::new(store), Arc::new(spool), Arc::new(keys));
    let worker: WorkerName = "post".parse().unwrap();
    for number in 1..=ITEMS {
        let id = ItemId(number.into());
        let raw = ledger.payload(&raw(number)).unwrap();
        let accepted = Accepted {
            id,
            worker: worker.clone(),
            received_at: Timestamp(1),
            protection: Protection::Plain,
            raw,
        };
        let mut draft = ledger.draft();
        draft.accept(&accepted, &[SourceKey::new(&[&number.to_string()])]);
        if number.is_multiple_of(3) {
            let form = ledger.payload(&Form::Notice { text: "Guten Tag".to_owned() }).unwrap();
            let id = viadukt_api::DeliveryId { item: id, part: 0 };
            let lane = Lane::of_bridge(&worker);
            draft.set_delivery(&Delivery::new(id, lane, &worker, Timestamp(1), form));
        }
        ledger.commit(draft).await.unwrap();
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

async fn exported(folder: &Path, env: &Env) -> Vec<u8> {
    let mut file = Vec::new();
    let opened = data(folder).open(env).await.unwrap();
    opened.source(env).export(&mut file, &[]).unwrap();
    file
}

#[tokio::test]
async fn what_is_exported_is_imported_under_another_key() {
    let env = Env::system();
    let folder = filled(&env).await;
    let file = exported(folder.path(), &env).await;
    let other = tempfile::tempdir().unwrap();
    let target = data(other.path());
    let import = |since| import(&*file, &target.path, &target.key_file, since, &env);
    let imported = import(Since::Rested).await.unwrap();
    assert_eq!((imported.faults, imported.doubted), (Vec::new(), 0));
    assert_eq!(imported.summary.files, ITEMS as u64 / 10);
    assert_eq!(imported.summary.records["journal"], ITEMS as u64);

    let opened = target.open(&env).await.unwrap();
    let ledger = Ledger::new(opened.store, Arc::new(opened.spool), Arc::new(opened.keys));
    assert!(ledger.seen(&"post".parse().unwrap(), &SourceKey::new(&["7"])).unwrap());
    let item = ledger.draft().accepted(ItemId(10.into())).unwrap().unwrap();
    assert_eq!(ledger.unpack::<RawRecord>(&item.raw).unwrap().bytes, raw(10).bytes);
    let again = import(Since::Rested).await.unwrap_err().to_string();
    assert!(again.contains("is not empty"), "{again}");
}

#[tokio::test]
async fn a_damaged_or_newer_export_leaves_nothing() {
    let env = Env::system();
    let folder = filled(&env).await;
    let file = exported(folder.path(), &env).await;
    let newer = String::from_utf8_lossy(&file[..200]).contains("\"format\":1");
    assert!(newer, "the head is JSON");
    let head = file.iter().position(|byte| *byte == b':').unwrap() + 1;
    let mut cases = vec![(file[..file.len() - 1].to_vec(), "cut off"), (Vec::new(), "cut off")];
    for at in [0, head, 5_000, file.len() / 2, file.len() - 1] {
        let mut changed = file.clone();
        changed[at] ^= if at == head { b'1' ^ b'9' } else { 1 };
        cases.push((changed, if at == head { "newer program" } else { "" }));
    }
    for (file, why) in cases {
        let other = tempfile::tempdir().unwrap();
        let target = data(other.path());
        let refused = import(&*file, &target.path, &target.key_file, Since::WentOn, &env).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("cannot be used") && refused.contains(why), "{refused}");
        assert!(!target.store().exists());
        // Nothing starts with what is left of it, and the next import takes its place.
        let started = target.open(&env).await.err().map(|error| error.to_string());
        assert!(started.is_some_and(|why| why.contains("import") || why.contains("no store")));
    }
}

#[tokio::test]
async fn a_compacted_store_holds_the_same() {
    let env = Env::system();
    let folder = filled(&env).await;
    let before = exported(folder.path(), &env).await;
    let (large, small) = compact(&data(folder.path()), &env).await.unwrap();
    assert!(small < large, "{large} bytes became {small}");
    let after = exported(folder.path(), &env).await;
    // But for the head, which says when.
    assert_eq!(before.len(), after.len());
    assert!(!data(folder.path()).path.join("compacting").exists());
}

/// How a file is damaged.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip(f64),
    Cut(f64),
    Remove,
}

fn damage(file: &Path, how: Damage) {
    let mut bytes = fs::read(file).unwrap();
    let place = |part: f64| ((bytes.len() as f64 * part) as usize).min(bytes.len() - 1);
    match how {
        Damage::Flip(part) => {
            let at = place(part);
            bytes[at] ^= 4;
        }
        Damage::Cut(part) => {
            let at = place(part);
            bytes.truncate(at);
        }
        Damage::Remove => return fs::remove_file(file).unwrap(),
    }
    fs::write(file, bytes).unwrap();
}

/// Each file of a data folder, with a name for the table.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let store = folder.join("data/store");
    let mut files = Vec::new();
    for entry in fs::read_dir(&store).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file() && name != "lock" && name != "ballast" {
            files.push((name, path));
        }
    }
    let mut spooled = Vec::new();
    for entry in fs::read_dir(folder.join("data/spool")).unwrap() {
        spooled
            .extend(fs::read_dir(entry.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
    }
    files.push(("spool".to_owned(), spooled[0].clone()));
    files
}

/// Every file, cut, flipped and removed: the damage is refused or found with a word about what to
/// do, the repair saves the rest and says what it set aside, and then everything is in order.
#[tokio::test]
async fn no_damage_passes_unnoticed_and_all_is_repaired() {
    use Damage::{Cut, Flip, Remove};
    let env = Env::system();
    let folder = filled(&env).await;
    drop(data(folder.path()).open(&env).await.unwrap());
    let large = [Flip(0.3), Cut(0.0), Cut(0.7), Remove];
    let small = [Flip(0.6), Cut(0.5)];
    let spooled = [Flip(0.6), Remove];
    let mut table = String::new();
    for (name, file) in files(folder.path()) {
        let hurts: &[Damage] = match name.as_str() {
            "db" => &large,
            "spool" => &spooled,
            _ => &small,
        };
        for &how in hurts {
            let hurt = tempfile::tempdir().unwrap();
            copy(folder.path(), hurt.path());
            damage(&hurt.path().join(file.strip_prefix(folder.path()).unwrap()), how);
            let found = match data(hurt.path()).open(&env).await {
                Err(error) => Some(error.to_string()),
                Ok(opened) => match opened.check() {
                    Err(error) => Some(error.to_string()),
                    Ok(checked) if checked.faults.is_empty() => None,
                    Ok(checked) => Some(format!("{:?}", checked.faults[0])),
                },
            };
            if let Some(why) = &found {
                let helps = ["viadukt repair", "backup", "Fault"];
                assert!(helps.iter().any(|word| why.contains(word)), "{name} {how:?}: {why}");
            }
            let repaired = repair(&data(hurt.path()), &env).await;
            let came = match &repaired {
                Ok(repaired) => {
                    let opened = data(hurt.path()).open(&env).await.unwrap();
                    let checked = opened.check().unwrap();
                    let left: Vec<_> =
                        checked.faults.iter().filter(|f| f.kind != "spool").collect();
                    assert!(left.is_empty(), "{name} {how:?}: {left:?}");
                    let told = !repaired.aside.is_empty() || repaired.lost_commits != Some(0);
                    let all = checked.records == 2 * ITEMS as u64 + ITEMS as u64 / 3 + 3;
                    assert!(all || told, "{name} {how:?}: {} records, in silence", checked.records);
                    format!("{} records, {} set aside", checked.records, repaired.aside.len())
                }
                // Only where nothing is left that could be read.
                Err(error) => {
                    let why = error.to_string();
                    assert!(
                        name == "db" && why.contains("viadukt import"),
                        "{name} {how:?}: {why}"
                    );
                    "restore an export".to_owned()
                }
            };
            let found = found.map_or("nothing is missing".to_owned(), |why| why);
            table +=
                &format!("{name:14} {how:12?} {came:32} {found:.60}\n", how = format!("{how:?}"));
        }
    }
    eprintln!("{table}");
}
