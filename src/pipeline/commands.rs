//! Commands that a person writes in a room. Parsing is pure; routing carries them out.

use viadukt_api::Deed;

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
    /// `!deadletters`: what this bridge gave up.
    DeadLetters,
    /// `!discard REFERENCE`: forget it.
    Discard {
        /// The reference given.
        reference: String,
    },
    /// `!new ADDRESS[,ADDRESS…] SUBJECT`: a new conversation. Further lines are its first
    /// message.
    New {
        /// To whom, as written.
        to: Vec<String>,
        /// About what.
        subject: String,
        /// The first message; empty when it will follow in the thread.
        text: String,
    },
    /// `!to ADDRESS[,ADDRESS…]`, in a thread: whom answers are written to from now on.
    To {
        /// Them, as written.
        to: Vec<String>,
    },
    /// `!cc [ADDRESS…] [-ADDRESS…]`, in a thread: who reads along from now on, and who no longer.
    Cc {
        /// Who does, as written.
        more: Vec<String>,
        /// Who does not, as written.
        fewer: Vec<String>,
    },
    /// `!send RECIPIENT[,RECIPIENT…] [--at TIME] TEXT`: the text to each of them, in the
    /// conversation there is or a new one. Bridges have a word of their own for it besides.
    Send {
        /// To whom, as written.
        to: Vec<String>,
        /// When, as written; at once without it.
        at: Option<String>,
        /// What; may have several lines.
        text: String,
    },
    /// `!approve [ROOM]`, in a thread of the intake room: this sender may write, and the
    /// conversation goes on in the bridge's room, or in the one named.
    Approve {
        /// The room's name in the configuration.
        room: Option<String>,
    },
    /// `!block`, in a thread: nothing of this sender is shown any more.
    Block,
    /// `!unblock RECIPIENT`
    Unblock {
        /// Whom, as written.
        whom: String,
    },
    /// A word of the far side's own, in an answer to a message that shows what goes on there, or
    /// a mark put to it.
    Deed {
        /// The usual word for it.
        word: String,
        /// What stands behind it.
        rest: String,
    },
    /// `!pause`: nothing leaves this bridge until `!continue`.
    Pause,
    /// `!continue`
    Continue,
    /// It begins with `!` and is none of these, or lacks something.
    Unclear,
}

impl Command {
    /// The command that `text` is; `None` for anything that does not begin with `!` and a
    /// letter. `verb` is the bridge's own word for `!send` ([`viadukt_api::Worker::verb`]),
    /// `deeds` what its far side can be asked to do ([`viadukt_api::Worker::deeds`]).
    pub fn parse(text: &str, verb: &str, deeds: &[Deed]) -> Option<Self> {
        let rest = text.strip_prefix('!')?;
        if !rest.starts_with(|c: char| c.is_alphabetic()) {
            return None;
        }
        let (line, further) = rest.split_once('\n').unwrap_or((rest, ""));
        let (word, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let arguments = arguments.trim();
        let word = word.to_lowercase();
        if word == verb {
            return Some(send(arguments, further).unwrap_or(Self::Unclear));
        }
        Some(match word.as_str() {
            "help" | "hilfe" => Self::Help,
            "status" => Self::Status,
            "resend" => Self::Resend {
                reference: Some(arguments).filter(|text| !text.is_empty()).map(str::to_owned),
            },
            "deadletters" | "aufgegeben" => Self::DeadLetters,
            "discard" | "verwerfen" if !arguments.is_empty() => {
                Self::Discard { reference: arguments.to_owned() }
            }
            "new" | "neu" => new_conversation(arguments, further).unwrap_or(Self::Unclear),
            "to" | "an" => to(arguments).unwrap_or(Self::Unclear),
            "cc" | "kopie" => copies(arguments).unwrap_or(Self::Unclear),
            "send" | "senden" => send(arguments, further).unwrap_or(Self::Unclear),
            "approve" | "annehmen" => Self::Approve {
                room: Some(arguments).filter(|text| !text.is_empty()).map(str::to_owned),
            },
            "block" | "sperren" => Self::Block,
            "unblock" | "entsperren" if !arguments.is_empty() => {
                Self::Unblock { whom: arguments.to_owned() }
            }
            "pause" | "anhalten" => Self::Pause,
            "continue" | "weiter" => Self::Continue,
            word => deed(word, arguments, further, deeds).unwrap_or(Self::Unclear),
        })
    }

    /// What the mark put to a message stands for.
    pub fn of_mark(mark: &str, deeds: &[Deed]) -> Option<Self> {
        // Clients differ in whether they ask for the colourful form of a character.
        let plain = |mark: &str| mark.replace('\u{fe0f}', "");
        let means = |deed: &&Deed| deed.marks.iter().any(|known| plain(known) == plain(mark));
        let word = deeds.iter().find(means)?.words.first()?;
        Some(Self::Deed { word: (*word).to_owned(), rest: String::new() })
    }
}

fn deed(word: &str, arguments: &str, further: &str, deeds: &[Deed]) -> Option<Command> {
    let word = deeds.iter().find(|deed| deed.words.contains(&word))?.words.first()?;
    let rest = [arguments, further.trim()].join("\n").trim().to_owned();
    Some(Command::Deed { word: (*word).to_owned(), rest })
}

/// `+491701234567,+491709876543 --at 08:00 Guten Morgen`; a number may not contain spaces, a
/// time with a date stands in quotes.
fn send(arguments: &str, further: &str) -> Option<Command> {
    let (to, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    let (at, rest) = match rest.trim_start().strip_prefix("--at") {
        Some(rest) => time_and_rest(rest.trim_start())?,
        None => (None, rest),
    };
    let to: Vec<_> = to.split(',').filter(|to| !to.is_empty()).map(str::to_owned).collect();
    let text = [rest.trim(), further.trim_end()].join("\n").trim().to_owned();
    (!to.is_empty() && !text.is_empty()).then_some(Command::Send { to, at, text })
}

fn time_and_rest(text: &str) -> Option<(Option<String>, &str)> {
    let (time, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => text.split_once(char::is_whitespace)?,
    };
    Some((Some(time.to_owned()), rest))
}

fn new_conversation(arguments: &str, further: &str) -> Option<Command> {
    let (to, subject) = arguments.split_once(char::is_whitespace)?;
    let to = addresses(to);
    // Whether the far side can reach it is the far side's to say; this keeps slips apart.
    let plausible = |to: &String| to.len() > 2 && !to.starts_with('@');
    let is_plausible = !to.is_empty() && to.iter().all(plausible) && !subject.trim().is_empty();
    is_plausible.then(|| Command::New {
        to,
        subject: subject.trim().to_owned(),
        text: further.trim().to_owned(),
    })
}

fn to(arguments: &str) -> Option<Command> {
    let to = addresses(arguments);
    (!to.is_empty()).then_some(Command::To { to })
}

fn copies(arguments: &str) -> Option<Command> {
    let (fewer, more): (Vec<_>, Vec<_>) =
        addresses(arguments).into_iter().partition(|address| address.starts_with('-'));
    let fewer: Vec<_> = fewer.iter().map(|address| address[1..].to_owned()).collect();
    let is_nothing = more.is_empty() && fewer.is_empty();
    if is_nothing || fewer.iter().any(String::is_empty) {
        return None;
    }
    Some(Command::Cc { more, fewer })
}

/// Addresses with commas or spaces between them.
fn addresses(text: &str) -> Vec<String> {
    let between = |c: char| c == ',' || c == ';' || c.is_whitespace();
    text.split(between).filter(|address| !address.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<Command>) {
        assert_eq!(Command::parse(input, "sms", DEEDS), expected, "{input:?}");
    }

    const DEEDS: &[Deed] =
        &[Deed { words: &["silence", "stumm"], marks: &["🔇", "✔\u{fe0f}"] }];

    #[test]
    fn a_word_of_the_far_side_or_a_mark_asks_for_a_deed() {
        let silence =
            |rest: &str| Some(Command::Deed { word: "silence".to_owned(), rest: rest.to_owned() });
        check("!silence 2h", silence("2h"));
        check("!Stumm", silence(""));
        check("!stumm 2h\nWartung", silence("2h\nWartung"));
        assert_eq!(Command::of_mark("🔇", DEEDS), silence(""));
        assert_eq!(Command::of_mark("✔", DEEDS), silence(""));
        assert_eq!(Command::of_mark("👍", DEEDS), None);
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
                to: vec!["eva@example.org".to_owned()],
                subject: "Ihr Antrag".to_owned(),
                text: "Guten Tag,\nanbei …".to_owned(),
            }),
        );
    }

    #[test]
    fn sending_names_recipients_perhaps_a_time_and_a_text() {
        let send = |to: &[&str], at: Option<&str>, text: &str| {
            let to = to.iter().map(|to| (*to).to_owned()).collect();
            Some(Command::Send { to, at: at.map(str::to_owned), text: text.to_owned() })
        };
        check("!sms +491701234567 Hallo du", send(&["+491701234567"], None, "Hallo du"));
        check("!senden 0170,0171 Hallo\nzwei", send(&["0170", "0171"], None, "Hallo\nzwei"));
        check("!sms 0170 --at 08:00 Hallo", send(&["0170"], Some("08:00"), "Hallo"));
        let dated = "!send 0170 --at \"2026-12-01 08:00\"\nHallo";
        check(dated, send(&["0170"], Some("2026-12-01 08:00"), "Hallo"));
        check("!sms 0170", Some(Command::Unclear));
        check("!sms 0170 --at 08:00", Some(Command::Unclear));
        check("!unblock", Some(Command::Unclear));
        check("!discard", Some(Command::Unclear));
        check("!verwerfen 01J-0", Some(Command::Discard { reference: "01J-0".to_owned() }));
        check("!deadletters", Some(Command::DeadLetters));
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
