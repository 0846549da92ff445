//! What a failed request means: wait and try again, or give up.

use std::time::Duration;

use matrix_sdk::encryption::recovery::RecoveryError;
use matrix_sdk::ruma::api::error::{ErrorKind, FromHttpResponseError, RetryAfter};
use matrix_sdk::{Error, HttpError};
use matrix_sdk_base::crypto::{CryptoStoreError, OlmError};
use viadukt_api::{AcceptError, DeliveryError, Reason, WorkerError, WorkerName};

/// How to start with a new device. Its position in the rooms is not in that folder.
const NEW_DEVICE: &str = "to go on with a new device, move the hub's data folder away, put a \
    new token into token_file if you use one, and start again: the recovery key gives the \
    identity back";

/// Why the hub cannot go on right now.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It passes: the homeserver is away or busy.
    Wait {
        /// What is the matter, in a word or two.
        what: String,
        /// The wait that the homeserver asked for.
        after: Option<Duration>,
    },
    /// It does not pass without a person.
    Shut {
        /// What happened.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Nothing can be accepted any more.
    Accept(AcceptError),
}

impl Trouble {
    /// A [`Trouble::Wait`] of no certain length.
    pub(crate) fn wait(what: impl Into<String>) -> Self {
        Self::Wait { what: what.into(), after: None }
    }

    /// A [`Trouble::Shut`].
    pub(crate) fn shut(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Shut { what: what.into(), remedy: remedy.into() }
    }
}

impl From<AcceptError> for Trouble {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Full(_) => Self::wait("no room for new input"),
            AcceptError::Store(_) => Self::Accept(error),
        }
    }
}

impl From<Trouble> for WorkerError {
    fn from(trouble: Trouble) -> Self {
        let (what, remedy) = match trouble {
            Trouble::Accept(error) => return Self::Accept(error),
            Trouble::Shut { what, remedy } => (what, remedy),
            Trouble::Wait { what, .. } => (what, "start again".to_owned()),
        };
        Self::Shut { worker: WorkerName::hub(), what, remedy }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Http(http) => (*http).into(),
            Error::OlmError(error)
                if matches!(
                    *error,
                    OlmError::Store(CryptoStoreError::MismatchedAccount { .. })
                ) =>
            {
                Self::shut("the hub's data folder belongs to another device", NEW_DEVICE)
            }
            // What matrix-sdk says beyond that may name people and is not passed on.
            other => Self::shut(
                format!("matrix-sdk failed ({})", kind(&other)),
                "free disk space if it is full, then start again",
            ),
        }
    }
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        verdict(&error).into()
    }
}

impl From<Verdict> for Trouble {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Busy(after) => Self::Wait { what: "the homeserver is busy".into(), after },
            Verdict::Away => Self::wait("the homeserver cannot be reached"),
            Verdict::TokenRefused => Self::shut(
                "the homeserver does not accept the access token (any more)",
                format!(
                    "find out who removed the bot's device or locked its account; {NEW_DEVICE}"
                ),
            ),
            Verdict::Refused(code) => Self::shut(
                format!("the homeserver refused a request ({code})"),
                "check the bot's account on the homeserver",
            ),
        }
    }
}

impl From<RecoveryError> for Trouble {
    fn from(error: RecoveryError) -> Self {
        match error {
            RecoveryError::Sdk(error) => error.into(),
            RecoveryError::BackupExistsOnServer => Self::shut(
                "the account has a key backup that this device has no key to",
                "put the account's recovery key into recovery_key_file",
            ),
            RecoveryError::SecretStorage(_) => Self::shut(
                "the recovery key does not open the account's secret storage",
                "put the account's present recovery key into recovery_key_file",
            ),
        }
    }
}

/// What the homeserver's answer, or its silence, means.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is up but wants us to wait.
    Busy(Option<Duration>),
    /// It did not answer, or something before it did.
    Away,
    /// The access token is not valid (any more).
    TokenRefused,
    /// It said no, with this `errcode` or status.
    Refused(String),
}

pub(crate) fn verdict(error: &HttpError) -> Verdict {
    if let HttpError::Cached(error) = error {
        return verdict(error);
    }
    let Some(answer) = error.as_client_api_error() else {
        return match error.as_uiaa_response() {
            Some(_) => Verdict::Refused("interactive authentication required".into()),
            None => Verdict::Away,
        };
    };
    match answer.error_kind() {
        Some(ErrorKind::LimitExceeded(limit)) => {
            let after = match &limit.retry_after {
                Some(RetryAfter::Delay(delay)) => Some(*delay),
                _ => None,
            };
            Verdict::Busy(after)
        }
        Some(ErrorKind::UnknownToken(_) | ErrorKind::MissingToken) => Verdict::TokenRefused,
        kind => of_status(
            answer.status_code.as_u16(),
            kind.map(|kind| kind.errcode().to_string()).as_deref(),
        ),
    }
}

/// The verdict on an answer by its status and `errcode`.
pub(crate) fn of_status(status: u16, errcode: Option<&str>) -> Verdict {
    match (status, errcode) {
        (_, Some("M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN")) => Verdict::TokenRefused,
        (429, _) => Verdict::Busy(None),
        (500.., _) => Verdict::Away,
        (_, Some(errcode)) => Verdict::Refused(errcode.to_owned()),
        (status, None) => Verdict::Refused(status.to_string()),
    }
}

impl Verdict {
    /// The verdict as the outcome of a delivery.
    pub(crate) fn into_delivery_error(self) -> DeliveryError {
        match self {
            Self::Busy(after) => DeliveryError::Retry { reason: Reason::new("matrix-busy"), after },
            Self::Away => DeliveryError::retry(Reason::new("matrix-unreachable")),
            Self::TokenRefused => DeliveryError::retry(Reason::new("matrix-token-refused")),
            Self::Refused(code) => DeliveryError::refused(match code.as_str() {
                "M_FORBIDDEN" => Reason::new("matrix-forbidden"),
                "M_TOO_LARGE" => Reason::new("matrix-too-large"),
                _ => Reason::new("matrix-refused").with("code", code),
            }),
        }
    }
}

/// Whether the homeserver did answer, and matrix-sdk can make nothing of the answer.
pub(crate) fn is_unreadable(error: &Error) -> bool {
    let Error::Http(http) = error else { return true };
    matches!(&**http, HttpError::Api(api)
        if matches!(**api, FromHttpResponseError::Deserialization(_)))
}

/// What became of a delivery that ended in `error`.
pub(crate) fn delivery_error(error: &Error) -> DeliveryError {
    match error {
        Error::Http(http) => verdict(http).into_delivery_error(),
        Error::WrongRoomState(_) => DeliveryError::refused(Reason::new("matrix-not-in-room")),
        other => {
            tracing::warn!(kind = kind(other), "a delivery failed inside matrix-sdk");
            DeliveryError::retry(Reason::new("matrix-internal"))
        }
    }
}

/// A word for the kind of an error that may reach a log.
pub(crate) fn kind(error: &Error) -> &'static str {
    match error {
        Error::Http(_) => "http",
        Error::NoOlmMachine | Error::OlmError(_) | Error::MegolmError(_) => "encryption",
        Error::CryptoStoreError(_) | Error::StateStore(_) => "store",
        Error::SerdeJson(_) => "json",
        _ => "other",
    }
}
