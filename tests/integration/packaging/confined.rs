//! Whether the program does only what its unit allows: a usual day under strace, compared line by
//! line with the unit. Where systemd is not in charge, as on most machines of developers, this is
//! as near as one gets to a start under it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use viadukt_testbed::{ROOM, Testbed};

use super::{root, text};
use crate::scene::program;

/// SQLite gives files that root makes to the owner of their folder. The unit's user is not root.
const OF_ROOT: &str = "fchown";

#[tokio::test]
async fn a_usual_day_needs_nothing_that_the_unit_forbids() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let trace = folder.path().join("trace");
    let data = a_usual_day(folder.path(), &trace).await?;
    let unit = fs::read_to_string(root().join("packaging/systemd/viadukt.service"))?;
    let calls = fs::read_to_string(&trace)?;
    let calls: Vec<Call<'_>> = calls.lines().filter_map(Call::read).collect();
    ensure!(calls.len() > 1_000, "only {} calls", calls.len());

    let allowed = allowed_calls(&unit)?;
    let names: BTreeSet<_> = calls.iter().map(|call| call.name).collect();
    let forbidden: Vec<_> =
        names.iter().filter(|&&name| !allowed.contains(name) && name != OF_ROOT).collect();
    assert_eq!(forbidden, [&""; 0], "SystemCallFilter=");

    let families: BTreeSet<_> = set(&unit, "RestrictAddressFamilies");
    for call in calls.iter().filter(|call| call.name == "socket") {
        let family = call.arguments.split(',').next().unwrap_or_default();
        assert!(families.contains(family), "RestrictAddressFamilies=: {call:?}");
    }
    for call in &calls {
        let executable = call.arguments.contains("PROT_EXEC");
        let changed = call.name.ends_with("mprotect") || call.arguments.contains("PROT_WRITE");
        assert!(!(executable && changed), "MemoryDenyWriteExecute=: {call:?}");
        let written = ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|m| call.arguments.contains(m));
        if call.name.starts_with("open") && written {
            let path = call.path().with_context(|| format!("{call:?}"))?;
            let is_free = path.starts_with(&data) || path == "/dev/null";
            assert!(is_free, "ProtectSystem=: {call:?}");
        }
    }
    let started = calls.iter().filter(|call| call.name.starts_with("execve")).count();
    assert_eq!(started, 1, "NoExecPaths=");
    Ok(())
}

/// viadukt starts, a mail becomes a thread, the answer becomes a mail, viadukt drains. Gives the
/// folder that stands for the unit's StateDirectory=: data and recovery key lie there.
async fn a_usual_day(folder: &Path, trace: &Path) -> Result<String> {
    // With -D strace watches from aside: the process that is started, and ended, is viadukt.
    let script = format!(
        "#!/bin/sh\nexec strace -D -f -qq -o {} {} \"$@\"\n",
        trace.display(),
        program().display()
    );
    let watched = folder.join("viadukt");
    fs::write(&watched, script)?;
    fs::set_permissions(&watched, fs::Permissions::from_mode(0o755))?;

    let testbed = Testbed::start().await?;
    let mut bridge = testbed.bridge(&watched)?;
    bridge.start()?;
    bridge.ready().await?;
    let clerk = testbed.clerk().await?;
    clerk.join(ROOM).await?;
    let citizen = testbed.citizen();
    citizen.write("Ausweis", "Wann ist offen?").await?;
    let shown = clerk.sees("the mail", |seen| seen.body().contains("Wann ist offen?")).await?;
    clerk.answer(&shown, "Bis zwölf.").await?;
    citizen.receives("the answer", |mail| mail.text().contains("Bis zwölf.")).await?;
    let status = bridge.terminate().await?;
    ensure!(status.success(), "{status}");
    let config = bridge.config_file();
    let folder = config.parent().context("a configuration without a folder")?;
    Ok(folder.display().to_string())
}

/// One line of strace.
#[derive(Debug)]
struct Call<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl<'a> Call<'a> {
    /// `1234  openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3`; nothing for signals and the second
    /// halves of calls that others interrupted.
    fn read(line: &'a str) -> Option<Self> {
        let (_, call) = line.split_once(' ')?;
        let (name, arguments) = call.trim_start().split_once('(')?;
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        is_name.then_some(Self { name, arguments })
    }

    /// The first path among the arguments.
    fn path(&self) -> Option<&'a str> {
        self.arguments.split('"').nth(1)
    }
}

/// What `SystemCallFilter=` lets through: the first line allows, the second takes away.
fn allowed_calls(unit: &str) -> Result<BTreeSet<String>> {
    let mut allowed = BTreeSet::new();
    for line in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (takes_away, groups) = line.strip_prefix('~').map_or((false, line), |l| (true, l));
        for group in groups.split_whitespace() {
            let calls = members(group)?;
            if takes_away {
                allowed.retain(|call| !calls.contains(call));
            } else {
                allowed.extend(calls);
            }
        }
    }
    Ok(allowed)
}

/// The system calls of a group, and of the groups in it, as this machine's systemd knows them.
fn members(group: &str) -> Result<BTreeSet<String>> {
    let listed = Command::new("systemd-analyze").args(["syscall-filter", group]).output()?;
    let listed = text(&listed)?;
    let mut all = BTreeSet::new();
    for line in listed.lines().skip(1).map(str::trim).filter(|line| !line.starts_with('#')) {
        if line.starts_with('@') {
            all.extend(members(line)?);
        } else if !line.is_empty() {
            all.insert(line.to_owned());
        }
    }
    Ok(all)
}

/// The words of an option.
fn set<'a>(unit: &'a str, option: &str) -> BTreeSet<&'a str> {
    let lines = unit.lines().filter_map(|line| line.strip_prefix(option)?.strip_prefix('='));
    lines.flat_map(str::split_whitespace).collect()
}
