//! Postfix: takes mail with STARTTLS or implicit TLS and hands everything to Dovecot's LMTP.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::authority::Authority;
use crate::dovecot::Dovecot;
use crate::policy::{Policy, Stage};
use crate::ports::free_port;
use crate::process::{Process, tied_to_us};

/// Where Debian keeps the programs that the master starts, and the master itself.
const DAEMONS: &str = "/usr/lib/postfix/sbin";

/// Runs its arguments and passes on the signal to end. The master changes its user for a moment
/// while it starts, and with that the kernel forgets that it was to end with us (prctl(2)).
const GUARD: &str = r#""$0" "$@" & trap "kill $!" TERM; wait $!; wait $!"#;

/// A running Postfix.
pub struct Postfix {
    folder: TempDir,
    process: Option<Process>,
    policy: Policy,
    /// Port that begins in clear and offers STARTTLS, and after it AUTH with Dovecot's
    /// passwords; takes mail from anyone on loopback.
    pub smtp: u16,
    /// Port of implicit TLS; takes mail after AUTH only, with Dovecot's passwords.
    pub smtps: u16,
}

impl Postfix {
    /// Starts it; mail to any address goes to `dovecot`, which refuses what it does not know.
    ///
    /// # Errors
    /// It is not installed, or did not start; the error holds what it printed.
    pub async fn start(authority: &Authority, dovecot: &Dovecot) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("postfix").tempdir()?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let path = |name: &str| folder.path().join(name);
        for name in ["conf", "queue", "data"] {
            std::fs::create_dir(path(name))?;
        }
        run(Command::new("chown").arg("postfix").arg(path("data")))?;

        let policy = Policy::start().await?;
        let (smtp, smtps) = (free_port()?, free_port()?);
        let mut postfix = Self { folder, process: None, policy, smtp, smtps };
        std::fs::write(postfix.path("conf/main.cf"), postfix.main_cf(authority, dovecot))?;
        std::fs::write(postfix.path("conf/master.cf"), master_cf(smtp, smtps))?;
        postfix.resume().await?;
        Ok(postfix)
    }

    /// Makes it answer every mail at `stage` with `answer`, such as `450 4.3.0 Come back later`
    /// or `550 5.7.1 No`; `None` makes it take mail again. Works at once, also on connections
    /// that are open already.
    pub fn answer(&self, stage: Stage, answer: Option<&str>) {
        self.policy.set(stage, answer);
    }

    /// Makes it say nothing at `stage` until it is called with another one or `None`; then what
    /// waits there goes on.
    pub fn hang(&self, stage: Option<Stage>) {
        self.policy.hang(stage);
    }

    /// Stops it; connections break.
    pub fn pause(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same ports with the same queue.
    ///
    /// # Errors
    /// It did not start.
    pub async fn resume(&mut self) -> io::Result<()> {
        if self.process.is_none() {
            let output = self.path("output");
            // `postfix start-fg` puts a shell in between that the master outlives.
            run(Command::new("postfix").arg("-c").arg(self.path("conf")).arg("check"))?;
            let mut command = tied_to_us("sh");
            command.args(["-c", GUARD, &format!("{DAEMONS}/master"), "-s", "-c"]);
            command.arg(self.path("conf"));
            let mut process = Process::start(&mut command, &output)?;
            process.ready(&[self.smtp, self.smtps], &output).await?;
            self.process = Some(process);
        }
        Ok(())
    }

    /// What it printed and logged.
    pub fn log(&self) -> String {
        ["output", "log"]
            .map(|name| std::fs::read_to_string(self.path(name)).unwrap_or_default())
            .concat()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn main_cf(&self, authority: &Authority, dovecot: &Dovecot) -> String {
        let folder = self.folder.path().display();
        let certificate = authority.certificate();
        let key = authority.key();
        let auth = dovecot.auth_socket();
        format!(
            "compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
command_directory = /usr/sbin
daemon_directory = {DAEMONS}
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
append_dot_mydomain = no
smtputf8_enable = yes
message_size_limit = 104857600
mailbox_size_limit = 0
default_transport = lmtp:inet:127.0.0.1:{lmtp}
relay_transport = $default_transport
lmtp_destination_concurrency_limit = 10
enable_long_queue_ids = yes
minimal_backoff_time = 5s
queue_run_delay = 5s
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions =
  check_policy_service inet:127.0.0.1:{policy}, permit_sasl_authenticated, permit_mynetworks, reject
smtpd_data_restrictions = check_policy_service inet:127.0.0.1:{policy}
smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:{policy}
",
            certificate = certificate.display(),
            key = key.display(),
            auth = auth.display(),
            lmtp = dovecot.lmtp,
            policy = self.policy.port,
        )
    }
}

fn master_cf(smtp: u16, smtps: u16) -> String {
    format!(
        "127.0.0.1:{smtp} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=yes
127.0.0.1:{smtps} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o mynetworks=
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"
    )
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
