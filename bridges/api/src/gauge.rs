//! What a worker measures of itself, for operators. The set is closed, and a gauge has no label
//! but the worker's name: whatever goes on at a far side, the number of series stays bounded.

/// Something that a worker can measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gauge {
    /// Events that wait for the key that they were encrypted with.
    UndecryptableEvents,
    /// One-time keys that the homeserver holds of the hub's device (Matrix client-server API,
    /// "One-time and fallback keys"): the keys of others' rooms reach us by them.
    OneTimeKeys,
    /// 1 while the hub's device is signed by its own identity, else 0.
    DeviceVerified,
    /// When the last sync was complete, in seconds since 1970.
    LastSync,
    /// When the first of the certificates ends that the far side showed last, in seconds since
    /// 1970.
    CertificateExpiry,
}

impl Gauge {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::UndecryptableEvents,
        Self::OneTimeKeys,
        Self::DeviceVerified,
        Self::LastSync,
        Self::CertificateExpiry,
    ];
}

/// What was measured: each gauge at most once.
pub type Readings = Vec<(Gauge, f64)>;
