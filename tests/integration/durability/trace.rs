//! What strace saw.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A system call. Its beginning and its end are lines of the trace.
#[derive(Debug)]
pub struct Call {
    pub name: String,
    /// Arguments and result, as strace writes them.
    pub text: String,
    pub began: usize,
    pub ended: usize,
    pub result: Option<i64>,
}

impl Call {
    pub fn is_read(&self) -> bool {
        let reads = ["read", "readv", "recvfrom", "recvmsg"].contains(&self.name.as_str());
        reads && self.result.is_some_and(|bytes| bytes > 0)
    }

    pub fn is_write(&self) -> bool {
        ["write", "writev", "sendto", "sendmsg"].contains(&self.name.as_str())
    }

    /// Whether it is on a TCP connection with `port` at either end.
    pub fn of_port(&self, port: &str) -> bool {
        self.connection()
            .is_some_and(|ends| ends.split("->").any(|end| end.ends_with(&format!(":{port}"))))
    }

    /// Both ends, `127.0.0.1:1->127.0.0.1:2`.
    pub fn connection(&self) -> Option<&str> {
        let descriptor = self.text.split(',').next()?;
        descriptor.split_once("<TCP:[")?.1.split(']').next()
    }
}

/// strace, following a process and everything that it starts.
pub struct Strace {
    child: Child,
    file: PathBuf,
}

impl Strace {
    /// Follows the process `pid` from now on. Fails where that is not permitted.
    pub async fn follow(pid: u32, folder: &Path) -> Result<Self> {
        let file = folder.join("strace");
        let mut child = Command::new("strace")
            .args(["-f", "-yy", "-s", "2000", "-e"])
            .arg("trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,fdatasync")
            .arg("-o")
            .arg(&file)
            .args(["-p", &pid.to_string()])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("strace is not installed (tests/setup)")?;
        // It says that it is attached, or why it is not.
        let mut lines = BufReader::new(child.stderr.take().context("no stderr")?).lines();
        let said = lines.next_line().await?.unwrap_or_default();
        if !said.contains("attached") {
            bail!("strace may not follow the program; allow ptrace (CAP_SYS_PTRACE): {said}");
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, file })
    }

    /// Lets the process go; gives what it did.
    pub async fn end(mut self) -> Result<Vec<Call>> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        kill_process(pid.context("strace ended too early")?, Signal::INT)?;
        self.child.wait().await?;
        let calls = parse(&String::from_utf8_lossy(&fs::read(&self.file)?));
        ensure!(calls.iter().any(|call| call.name == "fdatasync"), "no sync was seen at all");
        Ok(calls)
    }
}

fn parse(trace: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut unfinished: HashMap<&str, (usize, &str)> = HashMap::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(pid, (number, begun));
        } else if let Some((_, end)) = rest.split_once(" resumed>") {
            let Some((began, begun)) = unfinished.remove(pid) else { continue };
            calls.extend(call(&format!("{begun}{end}"), began, number));
        } else {
            calls.extend(call(rest, number, number));
        }
    }
    calls
}

fn call(line: &str, began: usize, ended: usize) -> Option<Call> {
    let (name, text) = line.split_once('(')?;
    let result = text
        .rsplit_once(" = ")
        .and_then(|(_, result)| result.split(' ').next().and_then(|number| number.parse().ok()));
    Some(Call { name: name.to_owned(), text: text.to_owned(), began, ended, result })
}
