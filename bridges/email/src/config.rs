//! The options of a `kind = "email"` bridge.

mod checks;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use viadukt_api::Patience;
use viadukt_api::config::{ByteSize, Fields, SecretFile};
use viadukt_api::network::is_loopback;
use viadukt_api::tls::Identity;

use crate::own::Alias;

pub(crate) use checks::CheckSection;

use crate::kinds::Kind;

/// A bridge's options, valid as far as they can be checked without the network.
#[derive(Clone, Debug)]
pub(crate) struct EmailSection {
    /// The mailbox's address.
    pub(crate) address: lettre::Address,
    /// Addresses whose mail is delivered to the mailbox besides.
    pub(crate) aliases: Vec<Alias>,
    /// What stands below a clerk's mail (RFC 3676 4.3).
    pub(crate) signature: Option<String>,
    /// The same for single clerks, by their user ids.
    pub(crate) signatures: BTreeMap<String, String>,
    /// The mailbox's name, such as `Bürgerbüro`.
    pub(crate) name: Option<String>,
    /// What stands in brackets after a clerk's name; the mailbox's name when it is not set.
    pub(crate) agency: Option<String>,
    /// The largest mail to send, after encoding.
    pub(crate) max_size: u64,
    pub(crate) imap: ImapSection,
    pub(crate) smtp: SmtpSection,
    /// Set when we find out ourselves who wrote a mail.
    pub(crate) check: Option<CheckSection>,
    /// The authorities that vouch for who signs mails.
    pub(crate) smime_ca_file: Option<PathBuf>,
    /// Kinds of attached files that rooms do not show.
    pub(crate) forbidden_files: Vec<Kind>,
}

/// Where mail is fetched.
#[derive(Clone, Debug)]
pub(crate) struct ImapSection {
    pub(crate) server: ServerSection,
    pub(crate) user: String,
    pub(crate) password_file: SecretFile,
    pub(crate) folder: String,
    pub(crate) after: After,
    pub(crate) start: Start,
    /// Of a larger mail only the header is fetched.
    pub(crate) max_size: u64,
    /// The server whose word about senders counts (RFC 8601 2.5).
    pub(crate) authserv_id: Option<String>,
}

/// Where mail is handed in.
#[derive(Clone, Debug)]
pub(crate) struct SmtpSection {
    pub(crate) server: ServerSection,
    pub(crate) login: Option<(String, SecretFile)>,
    /// The name to greet with (RFC 5321 4.1.1.1).
    pub(crate) hello: String,
    /// How long and at which pace to try what the server cannot take yet.
    pub(crate) patience: Patience,
}

/// A server and how to reach it.
#[derive(Clone, Debug)]
pub(crate) struct ServerSection {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    pub(crate) ca_file: Option<PathBuf>,
    /// How we prove who we are, where the server asks for a certificate.
    pub(crate) identity: Option<Identity>,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    Implicit,
    Starttls,
    None,
}

/// What happens in the mailbox to a mail that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Keep,
    /// It gets the keyword [`crate::imap::KEYWORD`].
    Flag,
    Move(String),
}

/// Where the bridge begins on its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Now,
    All,
}

impl EmailSection {
    /// Reads the section; `None` when something needed is missing or unfit. The caller asks
    /// the general options and calls `finish`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let address = fields.required::<String>("address").and_then(|text| {
            let parsed = text.parse::<lettre::Address>();
            if parsed.is_err() {
                fields.object("address", "expected a mail address such as \"buero@amt.example\"");
            }
            parsed.ok()
        });
        let [name, agency] = ["name", "agency"].map(|key| {
            let name = fields.optional::<String>(key);
            if name.as_deref().is_some_and(|name| name.trim().is_empty() || has_control(name)) {
                fields.object(key, "expected a name such as \"Bürgerbüro\"");
            }
            name
        });
        let aliases: Vec<String> = fields.list("aliases");
        let parsed: Vec<Alias> = aliases.iter().filter_map(|alias| alias.parse().ok()).collect();
        if parsed.len() < aliases.len() {
            let expected = "expected addresses such as \"bau@amt.example\" or \"*@bau.example\"";
            fields.object("aliases", expected);
        }
        let signature = fields.optional("signature");
        let signatures = fields.tables("signatures").into_iter().filter_map(|(user, _, fields)| {
            let text = fields.required("text");
            fields.finish();
            Some((user, text?))
        });
        let signatures = signatures.collect();
        let ByteSize(max_size) = fields.or("max_size", ByteSize(35_000_000));
        let imap = fields.table("imap").and_then(|fields| ImapSection::parse(&fields));
        let domain = address.as_ref().map_or("localhost", |address| address.domain());
        let smtp = fields.table("smtp").and_then(|fields| SmtpSection::parse(&fields, domain));
        let check = fields.optional_table("authentication");
        let check = check.and_then(|fields| CheckSection::parse(&fields));
        if check.is_some() && imap.as_ref().is_some_and(|imap| imap.authserv_id.is_some()) {
            fields.object("authentication", "`check` does not go with `imap.authserv_id`");
        }
        let smime_ca_file = fields.optional_table("smime").and_then(|fields| {
            let ca_file = fields.optional("ca_file");
            fields.finish();
            ca_file
        });
        Some(Self {
            forbidden_files: checks::forbidden_files(fields),
            address: address?,
            aliases: parsed,
            signature,
            signatures,
            name,
            agency,
            max_size,
            imap: imap?,
            smtp: smtp?,
            check,
            smime_ca_file,
        })
    }
}

impl ImapSection {
    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let server = ServerSection::parse(fields, 993, 143);
        let user = fields.required("user");
        let password_file = fields.required("password_file");
        let folder: String = fields.or("folder", "INBOX".to_owned());
        let after: String = fields.or("after", "keep".to_owned());
        let move_to = fields.optional::<String>("move_to");
        let after = match (after.as_str(), move_to) {
            ("move", Some(to)) if to == folder => {
                fields.object("move_to", "expected a folder other than `folder`");
                None
            }
            ("move", Some(to)) => Some(After::Move(to)),
            ("move", None) => {
                fields.object("move_to", "missing: the folder to move mails to");
                None
            }
            (_, Some(_)) => {
                fields.object("move_to", "only goes with `after = \"move\"`");
                None
            }
            ("keep", None) => Some(After::Keep),
            ("flag", None) => Some(After::Flag),
            _ => {
                fields.object("after", "expected \"keep\", \"flag\" or \"move\"");
                None
            }
        };
        let start: String = fields.or("start", "now".to_owned());
        let start = match start.as_str() {
            "now" => Some(Start::Now),
            "all" => Some(Start::All),
            _ => {
                fields.object("start", "expected \"now\" or \"all\"");
                None
            }
        };
        let ByteSize(max_size) = fields.or("max_size", ByteSize(100_000_000));
        let authserv_id: Option<String> = fields.optional("authserv_id");
        if authserv_id.as_deref().is_some_and(|id| !is_token(id)) {
            fields.object("authserv_id", "expected a server's name such as \"mx.amt.example\"");
        }
        fields.finish();
        Some(Self {
            server: server?,
            user: user?,
            password_file: password_file?,
            folder,
            after: after?,
            start: start?,
            max_size,
            authserv_id,
        })
    }
}

impl SmtpSection {
    fn parse(fields: &Fields<'_>, domain: &str) -> Option<Self> {
        let server = ServerSection::parse(fields, 465, 587);
        let login = match (fields.optional("user"), fields.optional("password_file")) {
            (Some(user), Some(file)) => Some((user, file)),
            (None, None) => None,
            (Some(_), None) => {
                fields.object("password_file", "missing: `user` needs a password");
                None
            }
            (None, Some(_)) => {
                fields.object("user", "missing: whose password is in `password_file`");
                None
            }
        };
        let hello: String = fields.or("hello", domain.to_owned());
        if !is_token(&hello) {
            fields.object("hello", "expected a host name");
        }
        let patience = Patience::read(fields, &default_patience());
        fields.finish();
        Some(Self { server: server?, login, hello, patience })
    }
}

impl ServerSection {
    /// `implicit` and `clear` are the usual ports with implicit TLS and without.
    fn parse(fields: &Fields<'_>, implicit: u16, clear: u16) -> Option<Self> {
        let host: Option<String> = fields.required("host");
        let tls: String = fields.or("tls", "implicit".to_owned());
        let tls = match tls.as_str() {
            "implicit" => Some(Tls::Implicit),
            "starttls" => Some(Tls::Starttls),
            "none" if host.as_deref().is_some_and(|host| !is_loopback(host)) => {
                fields.object("tls", "\"none\" is allowed for 127.0.0.1, ::1 and localhost only");
                None
            }
            "none" => Some(Tls::None),
            _ => {
                fields.object("tls", "expected \"implicit\", \"starttls\" or \"none\"");
                None
            }
        };
        let usual = if tls == Some(Tls::Implicit) { implicit } else { clear };
        let port = fields.or("port", usual);
        let ca_file = fields.optional("ca_file");
        let identity = Identity::read(fields);
        Some(Self { host: host?, port, tls: tls?, ca_file, identity })
    }
}

/// RFC 5321 4.5.4.1 asks for some days; the pace slows down as hope does.
fn default_patience() -> Patience {
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let pauses = [2, 5, 10, 15, 30, 60, 120, 24 * 60];
    Patience {
        pauses: pauses.map(minutes).to_vec(),
        give_up_after: minutes(5 * 24 * 60),
        tell_after: minutes(4 * 60),
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use viadukt_api::contract::parse;

    use super::*;

    fn findings(toml: &str) -> Vec<String> {
        parse(toml, "", EmailSection::parse).1
    }

    #[test]
    fn every_mistake_is_named() {
        let found = findings(
            "address = 'nobody'
            [imap]
            host = 'mail.amt.example'
            tls = 'none'
            user = 'buero'
            password_file = 'password'
            after = 'move'
            colour = 'blue'
            [smtp]
            host = 'mail.amt.example'
            tls = 'maybe'
            user = 'buero'",
        );
        assert_eq!(
            found,
            [
                "address: expected a mail address such as \"buero@amt.example\"",
                "imap.move_to: missing: the folder to move mails to",
                "imap.tls: \"none\" is allowed for 127.0.0.1, ::1 and localhost only",
                "imap.colour: unknown option; known here: after, authserv_id, ca_file, certificate_file, \
                 folder, host, key_file, max_size, move_to, password_file, port, start, tls, user",
                "smtp.password_file: missing: `user` needs a password",
                "smtp.tls: expected \"implicit\", \"starttls\" or \"none\"",
            ]
        );
    }

    #[test]
    fn what_is_checked_is_named_well() {
        let found = findings(
            "address = 'buero@amt.example'
            forbidden_files = ['exe']
            authentication = { check = true, resolvers = ['x'] }
            imap = { host = 'localhost', user = 'b', password_file = 'p', authserv_id = 'mx' }
            smtp = { host = 'localhost' }",
        );
        assert_eq!(
            found,
            [
                "forbidden_files: expected any of \"programs\", \"scripts\", \"macros\", \"archives\"",
                "authentication: `check` does not go with `imap.authserv_id`",
                "authentication.resolvers: expected addresses such as \"192.0.2.53\"",
            ]
        );
    }

    #[test]
    fn little_is_needed() {
        let found = findings(
            "address = 'buero@amt.example'
            imap = { host = 'localhost', user = 'buero', password_file = 'password' }
            smtp = { host = 'localhost' }",
        );
        assert_eq!(found, Vec::<String>::new());
    }
}
