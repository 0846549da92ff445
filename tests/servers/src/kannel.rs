//! Kannel: an SMS gateway with an HTTP interface, and behind it either its own fake SMS centre,
//! whose phones are written to and read here, or an SMS centre that speaks SMPP.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::http::ask;
use crate::phones::{Arrived, FAKE_CENTRE, phone_line, sent_in};
use crate::ports::free_port;
use crate::process::{Process, eventually, tied_to_us};
use crate::smsc::Smsc;

/// A running Kannel: bearerbox, smsbox and, with phones, the fake SMS centre.
///
/// Its ports for the fake centre, which Kannel cannot bind to one address, are open to all
/// addresses of the machine; it takes connections from 127.0.0.1 only.
pub struct Kannel {
    folder: TempDir,
    // In the order in which they end: the far side, the gateway, its core.
    running: Vec<Process>,
    far: Far,
    admin: u16,
    boxes: u16,
    /// Port of its HTTP interface, `/cgi-bin/sendsms`.
    pub http: u16,
    injected: usize,
}

enum Far {
    /// The ports of the fake centre, for messages to phones and from phones, and the address
    /// that inbound messages are posted to.
    Phones { out: u16, in_: u16, inbound: String },
    /// The port of a centre that speaks SMPP.
    Smpp(u16),
}

impl Kannel {
    /// The user of the HTTP interface.
    pub const USER: &'static str = "viadukt";
    /// The user's password.
    pub const PASSWORD: &'static str = "geheim";

    /// Starts it with phones. What they send is asked for by `inbound`, the `get-url` of its
    /// service with Kannel's own placeholders (user guide, "sms-service").
    ///
    /// # Errors
    /// It is not installed, or did not start; the error holds what it printed.
    pub async fn start(inbound: &str) -> io::Result<Self> {
        let (out, in_) = (free_port()?, free_port()?);
        Self::with(Far::Phones { out, in_, inbound: inbound.to_owned() }).await
    }

    /// Starts it as a client of `smsc`, for what it can do itself.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_before(smsc: &Smsc) -> io::Result<Self> {
        Self::with(Far::Smpp(smsc.port)).await
    }

    async fn with(far: Far) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kannel").tempdir()?;
        std::fs::create_dir(folder.path().join("spool"))?;
        let (admin, boxes, http) = (free_port()?, free_port()?, free_port()?);
        let mut kannel = Self { folder, running: Vec::new(), far, admin, boxes, http, injected: 0 };
        std::fs::write(kannel.path("kannel.conf"), kannel.configuration())?;
        kannel.resume().await?;
        Ok(kannel)
    }

    /// Stops it; its queue stays on disk.
    pub fn pause(&mut self) {
        while !self.running.is_empty() {
            self.running.remove(0);
        }
    }

    /// Starts it again on the same ports with the same queue.
    ///
    /// # Errors
    /// It did not start.
    pub async fn resume(&mut self) -> io::Result<()> {
        if self.running.is_empty() {
            let core = self.box_("bearerbox", &[self.admin, self.boxes]).await?;
            self.running.push(core);
            let gateway = self.box_("smsbox", &[self.http]).await?;
            self.running.insert(0, gateway);
            if let Far::Phones { out, .. } = self.far {
                // Zero messages: it only takes what comes.
                let phones = self.fake_centre(out, "phones", &["-m", "0", "1 2 text -"])?;
                self.running.insert(0, phones);
            }
            self.connected().await?;
        }
        Ok(())
    }

    /// A phone sends `text`; Kannel has it when this returns.
    ///
    /// # Errors
    /// Kannel does not run.
    pub async fn inject(&mut self, from: &str, to: &str, text: &str) -> io::Result<()> {
        self.inject_line(&phone_line(from, to, text)).await
    }

    /// A phone sends one part of a long text, behind the user data header `udh`; Kannel's fake
    /// centre can do that for texts in GSM 03.38 only.
    ///
    /// # Errors
    /// As [`Self::inject`].
    pub async fn inject_part(
        &mut self,
        from: &str,
        to: &str,
        udh: &[u8],
        text: &str,
    ) -> io::Result<()> {
        let udh: String = udh.iter().map(|byte| format!("%{byte:02X}")).collect();
        self.inject_line(&format!("{from} {to} udh-text {udh} {text}")).await
    }

    /// What reached the phones.
    pub fn sent(&self) -> Vec<Arrived> {
        sent_in(&self.read("phones"))
    }

    /// What its programs printed and logged.
    pub fn log(&self) -> String {
        ["bearerbox", "smsbox", "phones"].map(|name| self.read(name)).concat()
    }

    async fn inject_line(&mut self, line: &str) -> io::Result<()> {
        let Far::Phones { in_, .. } = self.far else {
            return Err(io::Error::other("there are no phones behind this Kannel"));
        };
        self.injected += 1;
        let output = format!("phone{}", self.injected);
        // One message; the pause after it is longer than we let it live.
        let _phone = self.fake_centre(in_, &output, &["-i", "600", "-m", "1", line])?;
        let sent = async || self.read(&output).contains("sent message 1");
        eventually(sent).await.map_err(|_| io::Error::other(self.read(&output)))
    }

    /// Waits until bearerbox has all its connections.
    async fn connected(&self) -> io::Result<()> {
        let path = format!("/status.txt?password={}", Self::PASSWORD);
        let connected = async || {
            let Ok((_, status)) = ask(self.admin, "GET", &path, "").await else { return false };
            let is_out = |line: &&str| line.trim_start().starts_with("out[");
            let out = status.lines().find(is_out).is_some_and(|line| line.contains("(online"));
            out && status.contains("smsbox:")
        };
        eventually(connected).await.map_err(|_| io::Error::other(self.log()))
    }

    async fn box_(&self, program: &str, ports: &[u16]) -> io::Result<Process> {
        let output = self.path(program);
        let mut process = Process::start(
            tied_to_us(program).arg("--verbosity").arg("1").arg(self.path("kannel.conf")),
            &output,
        )?;
        process.ready(ports, &output).await?;
        Ok(process)
    }

    fn fake_centre(&self, port: u16, output: &str, arguments: &[&str]) -> io::Result<Process> {
        let mut command = tied_to_us(FAKE_CENTRE);
        command.args(["-H", "127.0.0.1", "-r", &port.to_string()]).args(arguments);
        Process::start(&mut command, &self.path(output))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        let bytes = std::fs::read(self.path(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn configuration(&self) -> String {
        let Self { admin, boxes, http, .. } = self;
        let (user, password) = (Self::USER, Self::PASSWORD);
        let mut text = format!(
            r#"group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
store-type = spool
store-location = {spool}
dlr-storage = internal

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {http}
sendsms-interface = 127.0.0.1
sendsms-chars = "0123456789+"
http-request-retry = 100
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {password}
forced-smsc = out
concatenation = true
max-messages = 255
"#,
            spool = self.path("spool").display(),
        );
        match &self.far {
            Far::Phones { out, in_, inbound } => {
                for (name, port) in [("out", out), ("in", in_)] {
                    // A forced SMSC takes part only where it is allowed by name.
                    let _ = write!(
                        text,
                        "
group = smsc
smsc = fake
smsc-id = {name}
allowed-smsc-id = {name}
port = {port}
connect-allow-ip = 127.0.0.1
"
                    );
                }
                let _ = write!(
                    text,
                    r#"
group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{inbound}"
"#
                );
            }
            Far::Smpp(port) => {
                let _ = write!(
                    text,
                    "
group = smsc
smsc = smpp
smsc-id = out
allowed-smsc-id = out
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = kannel
smsc-password = {centre}
system-type = \"\"
max-pending-submits = 50
",
                    centre = Smsc::PASSWORD,
                );
            }
        }
        text
    }
}

impl Drop for Kannel {
    fn drop(&mut self) {
        self.pause();
    }
}
