//! The gateways that need no declaration of one's own.

use super::declaration::Declaration;

/// Their names, and the files that declare them.
pub(crate) const PRESETS: [(&str, &str); 10] = [
    ("bird", include_str!("../../presets/bird.toml")),
    ("infobip", include_str!("../../presets/infobip.toml")),
    ("jasmin", include_str!("../../presets/jasmin.toml")),
    ("kannel", include_str!("../../presets/kannel.toml")),
    ("seven", include_str!("../../presets/seven.toml")),
    ("sipgate", include_str!("../../presets/sipgate.toml")),
    ("sms-gate", include_str!("../../presets/sms-gate.toml")),
    ("smseagle", include_str!("../../presets/smseagle.toml")),
    ("twilio", include_str!("../../presets/twilio.toml")),
    ("vonage", include_str!("../../presets/vonage.toml")),
];

/// The preset `name`; the error names those that there are.
pub(crate) fn preset(name: &str) -> Result<Declaration, String> {
    let Some((_, source)) = PRESETS.into_iter().find(|(known, _)| *known == name) else {
        let known = PRESETS.map(|(known, _)| format!("\"{known}\"")).join(", ");
        return Err(format!("expected one of {known}"));
    };
    // Compiled in and tested; a mistake here is ours.
    Declaration::read(source).map_err(|findings| findings.join("; "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_good_declaration() {
        for (name, _) in PRESETS {
            preset(name).unwrap_or_else(|findings| panic!("{name}: {findings}"));
        }
        assert!(preset("pigeon").unwrap_err().contains("\"kannel\""));
    }
}
