//! `[backup]`: exports at regular times.

use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};

use crate::backup::Schedule;
use crate::backup::age::Recipient;

pub(super) fn read(fields: &Fields<'_>) -> Option<Schedule> {
    let every = fields.or("every", Duration::from_secs(3_600));
    if every < Duration::from_secs(60) {
        fields.object("every", "expected one minute or more");
    }
    let keep: u32 = fields.or("keep", 48);
    if keep == 0 {
        fields.object("keep", "expected 1 or more");
    }
    let to = fields.required::<PathBuf>("to");
    let recipients = fields.required_list("recipients");
    fields.finish();
    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
    Some(Schedule { every, keep, to: to?, recipients: recipients? })
}

impl FromToml for Recipient {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        text(value, "a public key of age such as \"age1…\"")?.parse()
    }
}
