//! The servers, started together and told of each other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;
use viadukt_testservers::{Authority, Dovecot, Postfix, Synapse, free_port};

use crate::bridge::Bridge;
use crate::citizen::Citizen;
use crate::clerk::Clerk;
use crate::mailbox::Mailbox;

/// The name of the room in which the agency's mail arrives.
pub const ROOM: &str = "Bürgerpost";

/// Somebody with an account.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The name that others see.
    pub name: &'static str,
    /// The user's name in the messenger, or the mail address.
    pub user: &'static str,
    /// The password.
    pub password: &'static str,
}

/// The agency's mailbox.
pub const AGENCY: Person =
    Person { name: "Bürgerbüro", user: "buergerbuero@agency.test", password: "amtlich" };

/// The citizen's mailbox.
pub const CITIZEN: Person =
    Person { name: "Erika Mustermann", user: "erika@citizen.test", password: "privat" };

const BOT: Person = Person { name: "viadukt", user: "viadukt", password: "bruecke" };
const CLERK: Person = Person { name: "clerk", user: "clerk", password: "sachbearbeitung" };
const STRANGER: Person = Person { name: "stranger", user: "stranger", password: "fremd" };

/// Synapse, Dovecot and Postfix with the accounts of everybody in the play. The servers can be
/// stopped and resumed one by one.
pub struct Testbed {
    /// The homeserver.
    pub synapse: Synapse,
    /// The mail server that sends.
    pub postfix: Postfix,
    /// The mail server that keeps the mailboxes.
    pub dovecot: Dovecot,
    pub(crate) authority: Authority,
    folder: TempDir,
}

impl Testbed {
    /// Starts everything and waits until it answers.
    ///
    /// # Errors
    /// A server is not installed (`tests/setup` does that) or did not start; the error holds
    /// what it said.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("viadukt").tempdir()?;
        let authority = Authority::new()?;
        let mail = async {
            let accounts = [AGENCY, CITIZEN].map(|person| (person.user, person.password));
            let dovecot = Dovecot::start(&authority, &accounts).await.context(
                "Dovecot did not start: is it installed (tests/setup), and are you root?",
            )?;
            let postfix = Postfix::start(&authority, &dovecot).await.context(
                "Postfix did not start: is it installed (tests/setup), and are you root?",
            )?;
            anyhow::Ok((dovecot, postfix))
        };
        let chat = async {
            let synapse = Synapse::start()
                .await
                .context("Synapse did not start: is it installed (tests/setup)?")?;
            for person in [BOT, CLERK, STRANGER] {
                synapse.register(person.user, person.password).await?;
            }
            anyhow::Ok(synapse)
        };
        let ((dovecot, postfix), synapse) = tokio::try_join!(mail, chat)?;
        Ok(Self { synapse, postfix, dovecot, authority, folder })
    }

    /// The `viadukt` program at `program`, configured for these servers, not started yet.
    ///
    /// # Errors
    /// A secret could not be written.
    pub fn bridge(&self, program: &Path) -> Result<Bridge> {
        let port = free_port()?;
        let config = self.config(port)?.parse().context("the testbed's configuration")?;
        Ok(Bridge::new(program, self.folder.path(), config, port))
    }

    /// The clerk's account.
    pub fn clerk_account(&self) -> Person {
        CLERK
    }

    /// The clerk, logged in on the same device every time.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn clerk(&self) -> Result<Clerk> {
        self.login(CLERK).await
    }

    /// Somebody with an account whom nobody invited.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn stranger(&self) -> Result<Clerk> {
        self.login(STRANGER).await
    }

    /// The bridge's own user id.
    pub fn bot(&self) -> String {
        self.synapse.user_id(BOT.user)
    }

    /// The citizen, who writes to the agency.
    pub fn citizen(&self) -> Citizen {
        Citizen::new(CITIZEN, AGENCY, self.postfix.smtp, self.dovecot.imap)
    }

    /// The mailbox of [`AGENCY`] or [`CITIZEN`].
    pub fn mailbox(&self, owner: Person) -> Mailbox {
        Mailbox::new(owner, self.dovecot.imap)
    }

    /// The folder of everything that this testbed writes, but for the servers' own data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    async fn login(&self, person: Person) -> Result<Clerk> {
        let folder = self.folder.path().join(person.user);
        Clerk::login(&self.synapse.url(), person.user, person.password, &folder).await
    }

    fn config(&self, http_port: u16) -> Result<String> {
        let folder = self.folder.path();
        let clerk = self.synapse.user_id(CLERK.user);
        let mut text = format!(
            r#"data_dir = {data:?}
language = "de"

[http]
listen = "127.0.0.1:{http_port}"

[matrix]
homeserver = {homeserver:?}
user = {bot:?}
password_file = {bot_password:?}
recovery_key_file = {recovery_key:?}
invites = [{invites:?}]

[bridges.buergerpost]
kind = "email"
room_name = {ROOM:?}
invite = [{clerk:?}]
senders = [{clerk:?}]
address = {address:?}
name = {name:?}
agency = "Musterstadt"
"#,
            data = folder.join("data"),
            homeserver = self.synapse.url(),
            bot = self.bot(),
            bot_password = self.secret("matrix.password", BOT.password)?,
            recovery_key = folder.join("recovery.key"),
            invites = format!("*:{}", Synapse::SERVER_NAME),
            address = AGENCY.user,
            name = AGENCY.name,
        );
        let password = self.secret("mail.password", AGENCY.password)?;
        for (protocol, port, tls, more) in [
            ("imap", self.dovecot.imaps, "implicit", "folder = \"INBOX\"\nstart = \"all\"\n"),
            ("smtp", self.postfix.smtp, "starttls", ""),
        ] {
            write!(
                text,
                r#"
[bridges.buergerpost.{protocol}]
host = "localhost"
port = {port}
tls = "{tls}"
user = {user:?}
password_file = {password:?}
ca_file = {ca_file:?}
{more}"#,
                user = AGENCY.user,
                ca_file = self.authority.ca_file(),
            )?;
        }
        Ok(text)
    }

    /// Writes a secret into a file of its own; gives its path.
    ///
    /// # Errors
    /// It could not be written.
    pub fn secret(&self, name: &str, secret: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, secret)?;
        Ok(path)
    }
}
