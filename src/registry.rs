//! The kinds of bridges: one line each.

use viadukt::cli::{Ask, Starter};
use viadukt::config::Registry;

/// Everything that this program can be configured to do.
pub fn registry() -> Registry {
    Registry {
        hub: Box::new(viadukt_matrix::Matrix),
        kinds: vec![
            Box::new(viadukt_email::Email),
            Box::new(viadukt_sms::Sms),
            Box::new(viadukt_intranet::Intranet),
        ],
        starters: vec![EMAIL, SMS],
    }
}

const EMAIL: Starter = Starter {
    kind: "email",
    asks: &[
        ask("address", "init-address"),
        ask("imap", "init-imap"),
        ask("smtp", "init-smtp"),
        ask("login", "init-login"),
        secret("mail.password", "init-mail-password"),
    ],
    german: include_str!("starters/email.de.toml"),
    english: include_str!("starters/email.en.toml"),
};

const SMS: Starter = Starter {
    kind: "sms",
    asks: &[
        ask("number", "init-number"),
        Ask { usual: Some("+49"), ..ask("prefix", "init-prefix") },
        ask("smpp", "init-smpp"),
        ask("system_id", "init-system-id"),
        secret("smpp.password", "init-smpp-password"),
    ],
    german: include_str!("starters/sms.de.toml"),
    english: include_str!("starters/sms.en.toml"),
};

const fn ask(name: &'static str, question: &'static str) -> Ask {
    Ask { name, question, usual: None, is_secret: false }
}

const fn secret(name: &'static str, question: &'static str) -> Ask {
    Ask { is_secret: true, ..ask(name, question) }
}
