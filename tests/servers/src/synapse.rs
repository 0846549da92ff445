//! A Synapse homeserver with SQLite, without rate limits, federating with nobody.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout_at};

use crate::cache::installed;
use crate::http::ask;
use crate::ports::free_port;
use crate::process::tied_to_us;

/// The release that `tests/setup` installs.
const VERSION: &str = "1.163.2";

/// How long a start may take on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(90);

/// Signing key of every test server. They talk to nobody, so it protects nothing.
const SIGNING_KEY: &str = "ed25519 a_test CysLDAwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJic\n";

/// A running homeserver. Dropping it kills the process and removes its data.
pub struct Synapse {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Synapse {
    /// Its name: the part behind the colon of user ids.
    pub const SERVER_NAME: &'static str = "viadukt.test";

    /// Starts one with an empty database and waits until it answers.
    ///
    /// The Python that has Synapse is named by `VIADUKT_SYNAPSE_PYTHON`, else it is the one that
    /// `tests/setup` put into the user's cache.
    pub async fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        write_configuration(folder.path(), port)?;
        let mut server = Self { folder, port, child: None };
        server.resume().await?;
        Ok(server)
    }

    /// Its base address, such as `http://127.0.0.1:8008`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The full id of the user `localpart`.
    pub fn user_id(&self, localpart: &str) -> String {
        format!("@{localpart}:{}", Self::SERVER_NAME)
    }

    /// The process id, while it runs; for measuring it.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("homeserver.log")).unwrap_or_default()
    }

    /// Registers `localpart` with `password`, without a device.
    pub async fn register(&self, localpart: &str, password: &str) -> io::Result<()> {
        let body = format!(
            r#"{{"username":"{localpart}","password":"{password}","inhibit_login":true,
                "auth":{{"type":"m.login.dummy"}}}}"#
        );
        let (status, answer) = ask(self.port, "POST", "/_matrix/client/v3/register", &body).await?;
        match status {
            200 => Ok(()),
            _ => Err(io::Error::other(format!("register: {status} {answer}"))),
        }
    }

    /// Requests received since the start, by method and servlet, such as
    /// `PUT RoomSendEventRestServlet`. The servlet names are Synapse's own.
    pub async fn requests(&self) -> io::Result<BTreeMap<String, u64>> {
        let (_, text) = ask(self.port, "GET", "/_synapse/metrics", "").await?;
        Ok(text.lines().filter_map(received).fold(BTreeMap::new(), |mut sums, (name, count)| {
            *sums.entry(name).or_default() += count;
            sums
        }))
    }

    /// Requests of `user` that were answered since the start, by method and path up to the
    /// first id in it, such as `PUT /_matrix/client/v3/rooms`.
    pub fn requests_of(&self, user: &str) -> BTreeMap<String, u32> {
        let log = std::fs::read_to_string(self.folder.path().join("access.log"));
        let mut sums = BTreeMap::new();
        for request in log.unwrap_or_default().lines().filter_map(|line| answered(line, user)) {
            *sums.entry(request).or_default() += 1;
        }
        sums
    }

    /// Ends it in an orderly way and keeps its data; [`Self::resume`] starts it again.
    pub async fn stop(&mut self) -> io::Result<()> {
        self.end(Signal::TERM).await
    }

    /// Kills it and keeps its data.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.end(Signal::KILL).await
    }

    /// Starts it again with the data it had, and waits until it answers.
    pub async fn resume(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        self.child = Some(spawn(self.folder.path())?);
        loop {
            let versions = ask(self.port, "GET", "/_matrix/client/versions", "");
            if matches!(timeout_at(deadline, versions).await, Ok(Ok((200, _)))) {
                return Ok(());
            }
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if ended.is_some() || Instant::now() > deadline {
                let what = ended.map_or("does not answer".to_owned(), |status| status.to_string());
                return Err(io::Error::other(format!("synapse: {what}\n{}", self.log())));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn end(&mut self, signal: Signal) -> io::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, signal)?;
        }
        child.wait().await.map(drop)
    }
}

fn spawn(folder: &Path) -> io::Result<Child> {
    let python = python();
    if !python.exists() {
        let what = format!("{} does not exist; run tests/setup", python.display());
        return Err(io::Error::new(ErrorKind::NotFound, what));
    }
    Command::from(tied_to_us(&python))
        .args(["-m", "synapse.app.homeserver", "--config-path"])
        .arg(folder.join("homeserver.yaml"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::options().append(true).create(true).open(folder.join("stderr"))?)
        .kill_on_drop(true)
        .spawn()
}

fn python() -> PathBuf {
    std::env::var_os("VIADUKT_SYNAPSE_PYTHON")
        .map_or_else(|| installed(&format!("synapse-{VERSION}")).join("bin/python"), PathBuf::from)
}

/// Reads a line such as
/// `synapse_http_server_requests_received_total{method="GET",servlet="SyncRestServlet"} 3.0`.
fn received(line: &str) -> Option<(String, u64)> {
    let rest = line.strip_prefix("synapse_http_server_requests_received_total{")?;
    let (labels, count) = rest.rsplit_once("} ")?;
    let label = |name: &str| {
        let (_, after) = labels.split_once(&format!("{name}=\""))?;
        after.split('"').next()
    };
    let count = count.split('.').next()?.parse().ok()?;
    Some((format!("{} {}", label("method")?, label("servlet")?), count))
}

/// Reads a line of the access log such as
/// `{@bot:viadukt.test} Processed request: … 200 "PUT /_matrix/client/v3/rooms/!a/… HTTP/1.1" …`.
fn answered(line: &str, user: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("{{{user}}} "))?;
    let (request, _) = rest.split_once('"')?.1.split_once(" HTTP/")?;
    let is_word =
        |part: &&str| part.chars().all(|c| c.is_ascii_alphanumeric() || "._ ".contains(c));
    let path = request.split('?').next().unwrap_or_default();
    Some(path.split('/').take_while(is_word).collect::<Vec<_>>().join("/"))
}

fn write_configuration(folder: &Path, port: u16) -> io::Result<()> {
    let path = |name: &str| folder.join(name).display().to_string();
    let unlimited = "{ per_second: 10000, burst_count: 10000 }";
    let configuration = format!(
        r#"server_name: {name}
pid_file: "{pid}"
listeners:
  - port: {port}
    bind_addresses: ["127.0.0.1"]
    type: http
    resources: [{{ names: [client, media, metrics] }}]
database: {{ name: sqlite3, args: {{ database: "{database}" }} }}
log_config: "{log_config}"
media_store_path: "{media}"
max_upload_size: 50M
signing_key_path: "{signing_key}"
macaroon_secret_key: test
form_secret: test
registration_shared_secret: test
enable_registration: true
enable_registration_without_verification: true
enable_metrics: true
report_stats: false
trusted_key_servers: []
federation_domain_whitelist: []
bcrypt_rounds: 4
presence: {{ enabled: false }}
caches: {{ sync_response_cache_duration: 0s }}
rc_message: {unlimited}
rc_registration: {unlimited}
rc_room_creation: {unlimited}
rc_login: {{ address: {unlimited}, account: {unlimited}, failed_attempts: {unlimited} }}
rc_joins: {{ local: {unlimited}, remote: {unlimited} }}
rc_invites: {{ per_room: {unlimited}, per_user: {unlimited}, per_issuer: {unlimited} }}
rc_admin_redaction: {unlimited}
rc_media_create: {unlimited}
"#,
        name = Synapse::SERVER_NAME,
        pid = path("homeserver.pid"),
        database = path("homeserver.db"),
        log_config = path("log.yaml"),
        media = path("media"),
        signing_key = path("signing.key"),
    );
    let log = format!(
        r#"version: 1
formatters: {{ plain: {{ format: "%(asctime)s %(levelname)s %(name)s %(message)s" }} }}
handlers:
  file: {{ class: logging.FileHandler, formatter: plain, filename: "{}" }}
  access: {{ class: logging.FileHandler, formatter: plain, filename: "{}" }}
loggers:
  synapse.access: {{ level: INFO, handlers: [access], propagate: false }}
root: {{ level: WARNING, handlers: [file] }}
disable_existing_loggers: false
"#,
        path("homeserver.log"),
        path("access.log"),
    );
    std::fs::write(folder.join("homeserver.yaml"), configuration)?;
    std::fs::write(folder.join("log.yaml"), log)?;
    std::fs::write(folder.join("signing.key"), SIGNING_KEY)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[tokio::test]
    async fn it_keeps_its_data_over_a_restart_and_counts_requests() {
        let mut server = Synapse::start().await.unwrap();
        server.register("alice", "secret").await.unwrap();
        let counted = server.requests().await.unwrap();
        assert!(counted.keys().any(|name| name.contains("RegisterRestServlet")), "{counted:?}");

        server.kill().await.unwrap();
        assert!(server.register("bob", "secret").await.is_err());
        server.resume().await.unwrap();
        let taken = server.register("alice", "secret").await.unwrap_err().to_string();
        assert!(taken.contains("M_USER_IN_USE"), "{taken}");
    }
}
