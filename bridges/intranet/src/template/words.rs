//! The sentences that templates can ask for.

use minijinja::value::Kwargs;
use minijinja::{Error, ErrorKind, Value};
use viadukt_api::Words;

/// The name in a template, and the sentence's key.
pub(crate) const SENTENCES: &[(&str, &str)] = &[
    ("alert-firing", "intranet-alert-firing"),
    ("alert-resolved", "intranet-alert-resolved"),
    ("alert-severity", "intranet-alert-severity"),
    ("alerts-firing", "intranet-alerts-firing"),
    ("alerts-resolved", "intranet-alerts-resolved"),
    ("alerts-left-out", "intranet-alerts-left-out"),
    ("alert-source", "intranet-alert-source"),
    ("fit-connect-submissions", "intranet-fit-connect-submissions"),
    ("fit-connect-replies", "intranet-fit-connect-replies"),
    ("fit-connect-events", "intranet-fit-connect-events"),
    ("fit-connect-destination", "intranet-fit-connect-destination"),
    ("fit-connect-case", "intranet-fit-connect-case"),
    ("talk-joined", "intranet-talk-joined"),
    ("talk-left", "intranet-talk-left"),
    ("talk-system", "intranet-talk-system"),
    ("mqtt-empty", "mqtt-empty"),
    ("mqtt-binary", "mqtt-binary"),
];

/// The sentence that templates know as `name`, filled in.
pub(super) fn say(words: &Words, name: &str, filling: &Kwargs) -> Result<String, Error> {
    let known = SENTENCES.iter().find(|(known, _)| *known == name);
    let Some((_, key)) = known else {
        let detail = format!("there is no sentence \"{name}\"");
        return Err(Error::new(ErrorKind::InvalidOperation, detail));
    };
    let filled: Vec<(String, String)> = filling
        .args()
        .map(|argument| Ok((argument.to_owned(), filling.get::<Value>(argument)?.to_string())))
        .collect::<Result<_, Error>>()?;
    filling.assert_all_used()?;
    let filled: Vec<_> = filled.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    Ok(words.say(key, &filled))
}
