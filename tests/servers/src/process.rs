//! Starting a server, waiting until it is ready, stopping it.

#![allow(
    clippy::disallowed_methods,
    reason = "processes end in real time, also outside async code"
)]

use std::ffi::OsStr;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// A command for `program` whose process ends with the thread that starts it, even when that is
/// killed and nobody is left to end it (prctl(2), PR_SET_PDEATHSIG). It keeps its process id.
pub(crate) fn tied_to_us(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// A server process: asked to end when dropped, killed when it does not.
pub(crate) struct Process(Child);

impl Process {
    /// Starts `command`; what it prints goes to `output`.
    pub(crate) fn start(command: &mut Command, output: &Path) -> io::Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(output)?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        Ok(Self(child))
    }

    /// Kills the process; it gets no chance to tidy up.
    pub(crate) fn kill(mut self) -> io::Result<()> {
        self.0.kill()?;
        self.0.wait().map(drop)
    }

    /// Fails when the process has ended.
    fn alive(&mut self, output: &Path) -> io::Result<()> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) => {
                let said = std::fs::read_to_string(output).unwrap_or_default();
                Err(io::Error::other(format!("the server ended ({status}) and said:\n{said}")))
            }
        }
    }

    /// Waits until each of `ports` greets its clients.
    pub(crate) async fn ready(&mut self, ports: &[u16], output: &Path) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        for port in ports {
            while !greeted(*port).await {
                self.alive(output)?;
                if Instant::now() > deadline {
                    let said = std::fs::read_to_string(output).unwrap_or_default();
                    let what = format!("port {port} stayed silent; the server said:\n{said}");
                    return Err(io::Error::other(what));
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}

/// Waits until `done` holds.
///
/// # Errors
/// It did not hold in time.
pub(crate) async fn eventually(mut done: impl AsyncFnMut() -> bool) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !done().await {
        if Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if let Ok(Some(_)) = self.0.try_wait() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a server on `port` of 127.0.0.1 speaks first, as mail servers do. A port of implicit
/// TLS counts when it takes the connection and waits for the client to begin.
pub async fn greeted(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return false;
    };
    let first = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut [0; 1])).await;
    !matches!(first, Ok(Ok(0) | Err(_)))
}
