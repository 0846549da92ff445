//! The kinds of bridges: one line each.

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
    }
}
