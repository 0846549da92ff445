//! Commands that a person writes in a room. Parsing is pure; routing carries them out.

use viadukt_api::Address;

/// What a person asks of the bridge.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `!help`
    Help,
    /// `!status`
    Status,
    /// `!resend`, in a thread: try again what failed there; with a reference, anywhere.
    Resend {
        /// The reference given.
        reference: Option<String>,
    },
    /// `!new ADDRESS SUBJECT`: a new conversation. Further lines are its first message.
    New {
        /// To whom.
        to: Address,
        /// About what.
        subject: String,
        /// The first message; empty when it will follow in the thread.
        text: String,
    },
    /// It begins with `!` and is none of these, or lacks something.
    Unclear,
}

impl Command {
    /// The command that `text` is; `None` for anything that does not begin with `!` and a
    /// letter.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('!')?;
        if !rest.starts_with(|c: char| c.is_alphabetic()) {
            return None;
        }
        let (line, further) = rest.split_once('\n').unwrap_or((rest, ""));
        let (word, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let arguments = arguments.trim();
        Some(match word.to_lowercase().as_str() {
            "help" | "hilfe" => Self::Help,
            "status" => Self::Status,
            "resend" => Self::Resend {
                reference: Some(arguments).filter(|text| !text.is_empty()).map(str::to_owned),
            },
            "new" | "neu" => new_conversation(arguments, further).unwrap_or(Self::Unclear),
            _ => Self::Unclear,
        })
    }
}

fn new_conversation(arguments: &str, further: &str) -> Option<Command> {
    let (to, subject) = arguments.split_once(char::is_whitespace)?;
    // Whether the far side can reach it is the far side's to say; this keeps slips apart.
    let plausible = to.len() > 2 && !to.starts_with('@') && !subject.trim().is_empty();
    plausible.then(|| Command::New {
        to: Address::new(to),
        subject: subject.trim().to_owned(),
        text: further.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<Command>) {
        assert_eq!(Command::parse(input), expected, "{input:?}");
    }

    #[test]
    fn commands_are_read_as_a_person_means_them() {
        check("!help", Some(Command::Help));
        check("!HILFE", Some(Command::Help));
        check("!status ", Some(Command::Status));
        check("!resend", Some(Command::Resend { reference: None }));
        check("!resend 01J-0", Some(Command::Resend { reference: Some("01J-0".to_owned()) }));
        check(
            "!new eva@example.org Ihr Antrag\nGuten Tag,\nanbei …",
            Some(Command::New {
                to: Address::new("eva@example.org"),
                subject: "Ihr Antrag".to_owned(),
                text: "Guten Tag,\nanbei …".to_owned(),
            }),
        );
    }

    #[test]
    fn a_slip_is_unclear_and_plain_talk_is_no_command() {
        check("!new eva@example.org", Some(Command::Unclear));
        check("!nwe eva@example.org Betreff", Some(Command::Unclear));
        check("Hallo!", None);
        check("!!!", None);
        check("", None);
    }
}
