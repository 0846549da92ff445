//! Dovecot: IMAP with TLS, delivery over LMTP, passwords from a file.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::authority::Authority;
use crate::ports::free_port;
use crate::process::{Process, tied_to_us};

/// A running Dovecot.
pub struct Dovecot {
    folder: TempDir,
    process: Option<Process>,
    /// Port of IMAP with implicit TLS.
    pub imaps: u16,
    /// Port of IMAP that begins in clear and offers STARTTLS.
    pub imap: u16,
    /// Port of LMTP, in clear.
    pub lmtp: u16,
}

impl Dovecot {
    /// Starts it with `accounts`, each a user (the whole mail address) and a password. Mail to
    /// other addresses is refused.
    ///
    /// # Errors
    /// It is not installed, or did not start; the error holds what it printed.
    pub async fn start(authority: &Authority, accounts: &[(&str, &str)]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("dovecot").tempdir()?;
        // Dovecot's own users must get through to its sockets and mailboxes.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        std::fs::create_dir(folder.path().join("mail"))?;
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path().join("mail"), open)?;

        let mut users = String::new();
        for (user, password) in accounts {
            let home = folder.path().join("mail").join(user);
            users += &format!("{user}:{{PLAIN}}{password}:mail:mail::{}::\n", home.display());
        }
        std::fs::write(folder.path().join("users"), users)?;

        let (imaps, imap, lmtp) = (free_port()?, free_port()?, free_port()?);
        let mut dovecot = Self { folder, process: None, imaps, imap, lmtp };
        std::fs::write(dovecot.path("dovecot.conf"), dovecot.configuration(authority))?;
        dovecot.resume().await?;
        Ok(dovecot)
    }

    /// Stops it; connections break.
    pub fn pause(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same ports with the same mailboxes.
    ///
    /// # Errors
    /// It did not start.
    pub async fn resume(&mut self) -> io::Result<()> {
        if self.process.is_none() {
            let output = self.path("output");
            let mut command = tied_to_us("dovecot");
            command.arg("-F").arg("-c").arg(self.path("dovecot.conf"));
            let mut process = Process::start(&mut command, &output)?;
            process.ready(&[self.imap, self.imaps, self.lmtp], &output).await?;
            self.process = Some(process);
        }
        Ok(())
    }

    /// Changes the UIDVALIDITY of `user`'s INBOX and numbers its mails anew (RFC 3501 2.3.1.1),
    /// as a mailbox restored from a backup does.
    ///
    /// # Errors
    /// Dovecot did not start again, or its files could not be removed.
    pub async fn renumber(&mut self, user: &str) -> io::Result<()> {
        self.pause();
        // `dovecot-uidvalidity` stays: from it Dovecot takes the next, greater value.
        for entry in std::fs::read_dir(self.mailbox(user))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == "dovecot-uidlist" || name.starts_with("dovecot.index") {
                std::fs::remove_file(path)?;
            }
        }
        self.resume().await
    }

    /// The Maildir of `user`'s INBOX.
    pub fn mailbox(&self, user: &str) -> PathBuf {
        self.folder.path().join("mail").join(user)
    }

    /// What it printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("output")).unwrap_or_default()
    }

    /// The socket on which Postfix asks for a client's password.
    pub(crate) fn auth_socket(&self) -> PathBuf {
        self.path("run/auth-postfix")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configuration(&self, authority: &Authority) -> String {
        let Self { imaps, imap, lmtp, .. } = self;
        let folder = self.folder.path().display();
        let file = |path: &Path| path.display().to_string();
        let (certificate, key) = (file(&authority.certificate()), file(&authority.key()));
        format!(
            "base_dir = {folder}/run
state_dir = {folder}/state
protocols = imap lmtp
listen = 127.0.0.1
log_path = /dev/stderr
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_plugins =
mail_max_userip_connections = 100
maildir_very_dirty_syncs = no
lmtp_rcpt_check_quota = no
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0660
    user = postfix
  }}
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
namespace inbox {{
  inbox = yes
  mailbox Archive {{
    auto = create
  }}
}}
"
        )
    }
}
