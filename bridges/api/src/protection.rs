//! How one hop of a message was protected: what `trace` shows people, and what decides whether a
//! message of a room may leave.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How one hop of a message was protected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Protection {
    /// End-to-end encrypted in a Matrix room (Matrix client-server 11.12, Megolm).
    Megolm {
        /// How far the sender's device is trusted; `None` for what we sent ourselves.
        trust: Option<Trust>,
    },
    /// Encrypted on this hop.
    Tls {
        /// The protocol, as far as known: `TLSv1.3`.
        version: Option<String>,
        /// The cipher suite, as far as known.
        cipher: Option<String>,
        /// What is known of the far side's certificate.
        certificate: Certificate,
    },
    /// Not encrypted.
    Plain,
    /// Nobody said, or it did not travel.
    #[default]
    Unknown,
}

/// How far the device is trusted that encrypted a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Its owner's identity was verified by us.
    Verified,
    /// Its owner signed it; we have not verified the owner.
    CrossSigned,
    /// Its owner's identity was verified and is another one now.
    IdentityChanged,
    /// Its owner has not signed it.
    UnsignedDevice,
    /// Nobody knows it any more.
    UnknownDevice,
    /// The key came from a source that proves nothing, such as an old backup.
    InsecureSource,
    /// The homeserver names another sender than the device that encrypted it.
    SenderMismatch,
}

/// What is known of the certificate at the other end of a hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certificate {
    /// It was checked and is trusted; otherwise there would have been no connection.
    Verified,
    /// It was not checked, or does not prove anything.
    Unverified,
    /// Nobody said: the connection was not ours.
    #[default]
    Unknown,
}

impl Protection {
    /// A connection of ours over TLS of which the library tells no more: without a trusted
    /// certificate there would be none.
    pub const TLS: Self =
        Self::Tls { version: None, cipher: None, certificate: Certificate::Verified };

    /// A call to us that came over TLS, which ended before us.
    pub const TLS_TO_US: Self =
        Self::Tls { version: None, cipher: None, certificate: Certificate::Unknown };

    /// Encrypted by us, for a room.
    pub const ROOM: Self = Self::Megolm { trust: None };

    /// A call of ours to a URL with `scheme`.
    pub fn of_scheme(scheme: &str) -> Self {
        match scheme {
            "https" | "wss" | "mqtts" => Self::TLS,
            _ => Self::Plain,
        }
    }

    /// A call to us at `url`, as its caller wrote it; the public listener or the proxy before it
    /// ends TLS.
    pub fn of_call(url: &str) -> Self {
        if url.starts_with("https:") { Self::TLS_TO_US } else { Self::Plain }
    }

    /// How a TLS session that we began is protected.
    #[cfg(feature = "tls")]
    pub fn of_session(session: &rustls::CommonState) -> Self {
        Self::Tls {
            version: session.protocol_version().and_then(|version| version.as_str()).map(in_dots),
            cipher: session
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .map(str::to_owned),
            certificate: Certificate::Verified,
        }
    }

    /// Whether it was end-to-end encrypted.
    pub fn is_end_to_end(&self) -> bool {
        matches!(self, Self::Megolm { .. })
    }
}

/// `TLSv1_3`, as rustls has it, in the usual spelling.
#[cfg(feature = "tls")]
fn in_dots(version: &str) -> String {
    version.replace('_', ".")
}

/// The words of log lines and of the probes: `megolm cross-signed`, `TLSv1.3`, `none`.
impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Megolm { trust: None } => f.write_str("megolm"),
            Self::Megolm { trust: Some(trust) } => write!(f, "megolm {trust}"),
            Self::Tls { version, .. } => f.write_str(version.as_deref().unwrap_or("TLS")),
            Self::Plain => f.write_str("none"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verified => "verified",
            Self::CrossSigned => "cross-signed",
            Self::IdentityChanged => "identity-changed",
            Self::UnsignedDevice => "unsigned-device",
            Self::UnknownDevice => "unknown-device",
            Self::InsecureSource => "insecure-source",
            Self::SenderMismatch => "sender-mismatch",
        })
    }
}
