//! What a gateway's answer to a submission means (SMPP 3.4 5.1.3).

use rusmpp::CommandStatus;
use viadukt_api::Reason;

/// What to do about an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The gateway has it.
    Taken,
    /// Too much at once: more slowly, the same again.
    TooMuch(Reason),
    /// Not now: the same again later.
    Later(Reason),
    /// Never.
    Refused(Reason),
}

impl Answer {
    pub(super) fn of(status: CommandStatus) -> Self {
        use CommandStatus as S;
        let refused = |key| Self::Refused(with_code(key, status));
        match status {
            S::EsmeRok => Self::Taken,
            S::EsmeRthrottled | S::EsmeRmsgqful => {
                Self::TooMuch(with_code("smpp-too-much", status))
            }
            // A bind that went away and errors that name themselves temporary.
            S::EsmeRsyserr | S::EsmeRinvbndsts | S::EsmeRxTAppn => {
                Self::Later(with_code("smpp-trouble", status))
            }
            S::EsmeRinvdstadr | S::EsmeRinvdstton | S::EsmeRinvdstnpi => {
                refused("smpp-number-refused")
            }
            S::EsmeRinvsrcadr | S::EsmeRinvsrcton | S::EsmeRinvsrcnpi => {
                refused("smpp-sender-refused")
            }
            S::EsmeRinvmsglen => refused("smpp-text-refused"),
            S::EsmeRinvexpiry => refused("smpp-validity-refused"),
            _ => refused("smpp-refused"),
        }
    }
}

/// The number of the status beside the words: a provider's support asks for it.
fn with_code(key: &str, status: CommandStatus) -> Reason {
    Reason::new(key).with("code", format!("0x{:08X}", u32::from(status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_providers_answer() {
        let of = |code: u32| Answer::of(CommandStatus::from(code));
        assert_eq!(of(0), Answer::Taken);
        assert!(matches!(of(0x58), Answer::TooMuch(_)));
        assert!(matches!(of(0x14), Answer::TooMuch(_)));
        assert!(matches!(of(0x08), Answer::Later(_)));
        assert!(matches!(of(0x0b), Answer::Refused(reason) if reason.key == "smpp-number-refused"));
        let vendor = of(0x0000_0412);
        assert!(matches!(vendor, Answer::Refused(reason) if reason.args[0].1 == "0x00000412"));
    }
}
