//! Mosquitto: an MQTT broker (5.0 and 3.1.1) in clear and with TLS, which keeps sessions on
//! disk.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::{NamedTempFile, TempDir};
use tokio::io::AsyncWriteExt;

use crate::authority::Authority;
use crate::ports::free_port;
use crate::process::{Process, eventually, tied_to_us};

/// A running Mosquitto.
pub struct Mosquitto {
    folder: TempDir,
    process: Option<Process>,
    /// Port in clear.
    pub port: u16,
    /// Port with TLS; whoever comes there must show a certificate of the authority.
    pub tls: u16,
}

impl Mosquitto {
    /// The user that may read and write everything but what begins with `forbidden/`.
    pub const USER: &'static str = "viadukt";
    /// The user's password.
    pub const PASSWORD: &'static str = "geheim";

    /// Starts it.
    ///
    /// # Errors
    /// It is not installed, or did not start; the error holds what it printed.
    pub async fn start(authority: &Authority) -> io::Result<Self> {
        Self::start_with(authority, "log_type all\nautosave_on_changes true\nautosave_interval 1\n")
            .await
    }

    /// Starts one to measure with: it writes nothing to disk while it works, and says nothing.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_unsaved(authority: &Authority) -> io::Result<Self> {
        Self::start_with(authority, "autosave_interval 0\nlog_type none\n").await
    }

    async fn start_with(authority: &Authority, options: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mosquitto").tempdir()?;
        let (port, tls) = (free_port()?, free_port()?);
        let mut mosquitto = Self { folder, process: None, port, tls };
        let (user, password) = (Self::USER, Self::PASSWORD);
        let acl = format!("user {user}\ntopic readwrite #\ntopic deny forbidden/#\n");
        std::fs::write(mosquitto.path("acl"), acl)?;
        let mut hash = Command::new("mosquitto_passwd");
        let hashed =
            hash.arg("-b").arg("-c").arg(mosquitto.path("passwords")).args([user, password]);
        if !hashed.status()?.success() {
            return Err(io::Error::other("mosquitto_passwd failed"));
        }
        for file in ["acl", "passwords"] {
            let open = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(mosquitto.path(file), open)?;
        }
        let configuration = mosquitto.configuration(authority, options);
        std::fs::write(mosquitto.path("mosquitto.conf"), configuration)?;
        mosquitto.resume().await?;
        Ok(mosquitto)
    }

    /// Stops it; what its sessions wait for stays on disk.
    pub fn pause(&mut self) {
        self.process = None;
    }

    /// Kills it in the middle of whatever it does.
    ///
    /// # Errors
    /// It could not be killed.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// Starts it again on the same ports with the same sessions.
    ///
    /// # Errors
    /// It did not start.
    pub async fn resume(&mut self) -> io::Result<()> {
        if self.process.is_none() {
            let output = self.path("output");
            let mut command = tied_to_us("mosquitto");
            command.arg("-c").arg(self.path("mosquitto.conf"));
            let mut process = Process::start(&mut command, &output)?;
            process.ready(&[self.port, self.tls], &output).await?;
            self.process = Some(process);
        }
        Ok(())
    }

    /// Forgets all sessions and what they wait for; only while it is stopped.
    ///
    /// # Errors
    /// The file could not be removed.
    pub fn forget(&self) -> io::Result<()> {
        std::fs::remove_file(self.path("mosquitto.db"))
    }

    /// Somebody who publishes, and needs nothing of the broker but its port.
    pub fn publisher(&self) -> Publisher {
        Publisher { port: self.port }
    }

    /// Publishes `texts` under `topic` with QoS 1, in order; the broker has them when this
    /// returns.
    ///
    /// # Errors
    /// The broker does not take them.
    pub async fn publish(&self, topic: &str, texts: &[&str]) -> io::Result<()> {
        self.publish_with(&["-t", topic], texts).await
    }

    /// The same with other options of mosquitto_pub(1).
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub async fn publish_with(&self, options: &[&str], texts: &[&str]) -> io::Result<()> {
        self.publisher().publish(options, texts).await
    }

    /// Publishes what is in `file`, whatever it is.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub async fn publish_file(&self, topic: &str, file: &str) -> io::Result<()> {
        let mut client = tokio::process::Command::from(client("mosquitto_pub", self.port));
        let status = client.args(["-q", "1", "-t", topic, "-f", file]).status().await?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{status}"))) }
    }

    /// Writes down what is published under `filter` from now on.
    ///
    /// # Errors
    /// The client did not start.
    pub async fn listener(&self, filter: &str) -> io::Result<Listener> {
        let output = tempfile::NamedTempFile::new()?;
        let mut client = client("mosquitto_sub", self.port);
        // With a session that outlives the broker.
        client.args(["-c", "-i", "listener", "-d", "-q", "1", "-v", "-t", filter]);
        let process = Process::start(&mut client, output.path())?;
        let listener = Listener { output, _process: process };
        let subscribed = async || listener.printed().contains("Subscribed");
        eventually(subscribed).await.map_err(|_| io::Error::other(listener.printed()))?;
        Ok(listener)
    }

    /// What it printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("output")).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configuration(&self, authority: &Authority, options: &str) -> String {
        let Self { port, tls, .. } = self;
        let folder = self.folder.path().display();
        let ca = authority.ca_file();
        let (certificate, key) = (authority.certificate(), authority.key());
        format!(
            "user root
log_dest stdout
persistence true
persistence_location {folder}/
{options}max_queued_messages 0
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl

listener {port} 127.0.0.1

listener {tls} 127.0.0.1
cafile {ca}
certfile {certificate}
keyfile {key}
require_certificate true
",
            ca = ca.display(),
            certificate = certificate.display(),
            key = key.display(),
        )
    }
}

/// Somebody who publishes, also to a broker that is being stopped and started.
#[derive(Clone, Copy, Debug)]
pub struct Publisher {
    port: u16,
}

impl Publisher {
    /// Publishes `texts` with QoS 1 and with further options of mosquitto_pub(1), such as the
    /// topic; the broker has them when this returns.
    ///
    /// # Errors
    /// The broker does not take them.
    pub async fn publish(self, options: &[&str], texts: &[&str]) -> io::Result<()> {
        let mut client = tokio::process::Command::from(client("mosquitto_pub", self.port));
        client.args(["-q", "1", "-l"]).args(options).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut client = client.spawn()?;
        if let Some(mut input) = client.stdin.take() {
            input.write_all((texts.join("\n") + "\n").as_bytes()).await?;
        }
        let status = client.wait().await?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{status}"))) }
    }
}

fn client(program: &str, port: u16) -> Command {
    // What it prints must be there at once, also in a file.
    let mut command = tied_to_us("stdbuf");
    command.args(["-oL", program]);
    command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    command.args(["-u", Mosquitto::USER, "-P", Mosquitto::PASSWORD]);
    command
}

/// Somebody else who listens, also after the broker was away.
pub struct Listener {
    output: NamedTempFile,
    _process: Process,
}

impl Listener {
    /// What came: topics and texts, one to a line.
    pub fn heard(&self) -> Vec<(String, String)> {
        let printed = self.printed();
        let lines = printed.lines().filter(|line| !line.starts_with("Client "));
        let split = lines.filter_map(|line| line.split_once(' '));
        split.map(|(topic, text)| (topic.to_owned(), text.to_owned())).collect()
    }

    fn printed(&self) -> String {
        std::fs::read_to_string(self.output.path()).unwrap_or_default()
    }
}
