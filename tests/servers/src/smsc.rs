//! An SMS centre that speaks SMPP 3.4 and is not ours: the npm package `smpp` under Node, with a
//! network of phones behind it that behaves as well or as badly as it is told.

mod orders;

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tempfile::TempDir;

pub use orders::{Behaviour, Flood, Form, Ids, Join, Part, Receipts, Sms, Submitted};

use crate::authority::Authority;
use crate::cache::installed;
use crate::http::ask;
use crate::ports::free_port;
use crate::process::{Process, tied_to_us};

/// The release of the npm package that `tests/setup` installs.
const PACKAGE: &str = "smpp-0.5.1";

/// The programs that make it up, beside this file.
const SCRIPTS: [(&str, &str); 4] = [
    ("main.js", include_str!("smsc/main.js")),
    ("network.js", include_str!("smsc/network.js")),
    ("split.js", include_str!("smsc/split.js")),
    ("submits.js", include_str!("smsc/submits.js")),
];

/// A running SMS centre. It takes any system id, with [`Self::PASSWORD`].
pub struct Smsc {
    /// Port of SMPP in clear.
    pub port: u16,
    /// Port of SMPP over TLS.
    pub tls: u16,
    /// Port of the orders: `POST /ORDER` with JSON, as at the end of `smsc/main.js`.
    pub control: u16,
    _process: Process,
    _folder: TempDir,
}

impl Smsc {
    /// The password of every client.
    pub const PASSWORD: &'static str = "geheim";

    /// Starts it.
    ///
    /// # Errors
    /// Node or the package is not installed (`tests/setup` does that), or it did not start; the
    /// error holds what it printed.
    pub async fn start(authority: &Authority) -> io::Result<Self> {
        let package = installed(PACKAGE).join("node_modules");
        if !package.exists() {
            let what = format!("{} does not exist; run tests/setup", package.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, what));
        }
        let folder = tempfile::Builder::new().prefix("smsc").tempdir()?;
        for (name, script) in SCRIPTS {
            std::fs::write(folder.path().join(name), script)?;
        }
        let (port, tls, control) = (free_port()?, free_port()?, free_port()?);
        let output = folder.path().join("output");
        let mut command = tied_to_us("node");
        command.env("NODE_PATH", package).arg(folder.path().join("main.js"));
        command.args([port, control, tls].map(|port| port.to_string()));
        command.arg(authority.certificate()).arg(authority.key());
        let mut process = Process::start(&mut command, &output)?;
        process.ready(&[port, tls, control], &output).await?;
        Ok(Self { port, tls, control, _process: process, _folder: folder })
    }

    /// Sets the whole behaviour from now on.
    ///
    /// # Errors
    /// It has died, as with everything that follows.
    pub async fn behave(&self, behaviour: &Behaviour) -> io::Result<()> {
        self.order("behave", behaviour).await
    }

    /// Goes away as a stopped server does; messages and receipts on their way are kept.
    pub async fn pause(&self) -> io::Result<()> {
        self.order("away", ()).await
    }

    /// Comes back.
    pub async fn resume(&self) -> io::Result<()> {
        self.order("back", ()).await
    }

    /// Breaks all connections; new ones are taken.
    pub async fn hang_up(&self) -> io::Result<()> {
        self.order("drop", ()).await
    }

    /// Stops answering, or listens again; connections stay.
    pub async fn deafen(&self, deaf: bool) -> io::Result<()> {
        self.order("deaf", deaf).await
    }

    /// Lets clients in by another password.
    pub async fn set_password(&self, password: &str) -> io::Result<()> {
        self.order("password", password).await
    }

    /// Sends what a phone wrote; it is brought again until a client has taken it.
    pub async fn deliver(&self, sms: &Sms<'_>) -> io::Result<()> {
        self.order("deliver", sms).await
    }

    /// Sends `count` short messages from `numbers` phones to `to`, with `window` of them open at
    /// a time, and waits until all were answered.
    pub async fn flood(
        &self,
        to: &str,
        count: u64,
        window: u32,
        numbers: u32,
    ) -> io::Result<Flood> {
        let order = json!({ "to": to, "count": count, "window": window, "numbers": numbers });
        self.order("flood", order).await
    }

    /// Sends a receipt for the message or part `id`, whatever was said of it before.
    pub async fn receipt(&self, id: &str, state: &str) -> io::Result<()> {
        self.order("receipt", json!({ "id": id, "state": state })).await
    }

    /// Lets receipts go that were held ([`Receipts::Late`]), the last first.
    pub async fn release(&self) -> io::Result<()> {
        self.order("release", ()).await
    }

    /// What clients submitted, in the order in which it came.
    pub async fn messages(&self) -> io::Result<Vec<Submitted>> {
        self.order("messages", ()).await
    }

    /// What happened, by the name of the command, and `bound`, `sessions`, `offered`, `taken`,
    /// `refused` (of what phones sent) and `pending`.
    pub async fn counts(&self) -> io::Result<BTreeMap<String, u64>> {
        self.order("counts", ()).await
    }

    async fn order<T: DeserializeOwned>(&self, order: &str, with: impl Serialize) -> io::Result<T> {
        let body = serde_json::to_string(&with)?;
        let (status, answer) = ask(self.control, "POST", &format!("/{order}"), &body).await?;
        match status {
            200 => Ok(serde_json::from_str(&answer)?),
            _ => Err(io::Error::other(format!("smsc: {answer}"))),
        }
    }
}
