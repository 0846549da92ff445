//! The `viadukt` program as a process of its own, to be started, killed and started again.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use viadukt_testservers::free_port;

use crate::wait::{PATIENCE, until};

/// The program with its configuration. Killed when dropped.
pub struct Bridge {
    /// The configuration, written anew at every start.
    pub config: toml::Table,
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    env: BTreeMap<String, String>,
    child: Option<Child>,
}

impl Bridge {
    pub(crate) fn new(program: &Path, folder: &Path, config: toml::Table, port: u16) -> Self {
        let (program, folder) = (program.to_owned(), folder.to_owned());
        Self { config, program, folder, port, env: BTreeMap::new(), child: None }
    }

    /// Sets an environment variable for the next start, or removes it.
    pub fn set_env(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.env.insert(name.to_owned(), value.to_owned()),
            None => self.env.remove(name),
        };
    }

    /// The options of the one mail bridge, `[bridges.buergerpost]`.
    ///
    /// # Errors
    /// They were taken out of the configuration.
    pub fn mail_config(&mut self) -> Result<&mut toml::Table> {
        let bridges = self.config.get_mut("bridges").and_then(|all| all.get_mut("buergerpost"));
        bridges.and_then(toml::Value::as_table_mut).context("no [bridges.buergerpost]")
    }

    /// Adds the bridge `name` with the options in `section`, a TOML text.
    ///
    /// # Errors
    /// It is no TOML.
    pub fn add(&mut self, name: &str, section: &str) -> Result<()> {
        let section: toml::Table = section.parse()?;
        let bridges = self.config.get_mut("bridges").and_then(toml::Value::as_table_mut);
        bridges.context("no [bridges]")?.insert(name.to_owned(), section.into());
        Ok(())
    }

    /// Lets the program be called over HTTP; gives the address below which its bridges are.
    ///
    /// # Errors
    /// There is no free port.
    pub fn open_hooks(&mut self) -> Result<String> {
        let public = format!("127.0.0.1:{}", free_port()?);
        let listener = format!("listen = {public:?}\nbase_url = 'http://{public}'");
        self.config.insert("public".to_owned(), listener.parse::<toml::Table>()?.into());
        Ok(format!("http://{public}/hooks"))
    }

    /// Starts the program. Its log is added to that of earlier runs.
    ///
    /// # Errors
    /// It runs already, or the program does not exist.
    pub fn start(&mut self) -> Result<()> {
        if self.child.is_some() {
            bail!("the bridge runs already");
        }
        let config = self.config_file();
        std::fs::write(&config, self.config.to_string())?;
        let log = File::options().create(true).append(true).open(self.log_file())?;
        // setpriv ends it with us even when we are killed; it keeps the process id.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(&self.program)
            .arg("--config")
            .arg(config)
            .arg("run")
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start setpriv (package util-linux)")?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until the program says that it is ready.
    ///
    /// # Errors
    /// It ended, or was not ready in time; the error holds the end of its log.
    pub async fn ready(&mut self) -> Result<()> {
        let waited = until("the bridge to be ready", async || {
            if let Some(status) = self.child.as_mut().context("not started")?.try_wait()? {
                bail!("the bridge ended with {status}");
            }
            Ok(matches!(self.get("/health/ready").await, Ok((200, _))).then_some(()))
        });
        waited.await.with_context(|| format!("its log ends:\n{}", self.log_end()))
    }

    /// Where the program's own HTTP server is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port of the internal listener.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Asks the program's own HTTP server for `path`: the status and the body.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await??;
        let (head, body) = answer.split_once("\r\n\r\n").context("no whole answer")?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        Ok((status, body.to_owned()))
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Stops it where it stands; [`Self::resume`] lets it go on.
    ///
    /// # Errors
    /// It does not run.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on after [`Self::pause`].
    ///
    /// # Errors
    /// It does not run.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Whether it runs: it was started, and has not ended since.
    ///
    /// # Errors
    /// The system does not say.
    pub fn runs(&mut self) -> Result<bool> {
        let Some(child) = self.child.as_mut() else { return Ok(false) };
        if child.try_wait()?.is_some() {
            self.child = None;
        }
        Ok(self.child.is_some())
    }

    /// Kills it as a power cut would.
    ///
    /// # Errors
    /// It does not run.
    pub async fn kill9(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.ended().await.map(drop)
    }

    /// Asks it to finish what it is doing and end.
    ///
    /// # Errors
    /// It does not run, or did not end in time.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.ended().await
    }

    /// Waits until it ends by itself, for example at a fail point.
    ///
    /// # Errors
    /// It does not run, or did not end in time.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let mut child = self.child.take().context("the bridge does not run")?;
        match timeout(PATIENCE, child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("the bridge did not end; its log ends:\n{}", self.log_end()),
        }
    }

    /// What it gave up, as the operator is shown it: a line for each.
    ///
    /// # Errors
    /// It does not run.
    pub async fn dead_letters(&self) -> Result<Vec<String>> {
        let mut list = Command::new(&self.program);
        list.arg("--config").arg(self.config_file()).args(["deadletters", "list"]);
        let list = list.output().await?;
        ensure!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
        // A line says that there is nothing, or stands above the others.
        Ok(String::from_utf8(list.stdout)?.lines().skip(1).map(str::to_owned).collect())
    }

    /// Everything that it logged, in all its runs.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The last lines of the log, to say why something failed.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.folder.join("viadukt.toml")
    }

    /// The file that the log goes to.
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("viadukt.log")
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        Ok(kill_process(pid.context("the bridge does not run")?, signal)?)
    }
}
