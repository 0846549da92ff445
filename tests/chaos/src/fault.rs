//! What can be broken.

use std::str::FromStr;

/// One kind of trouble. All of them happen while people talk on every channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// `kill -9` at a named durable point of the program.
    KillAt(&'static str),
    /// `kill -9` at any moment.
    Kill,
    /// Stopped for a while and continued, as a machine that was suspended.
    Stop,
    /// The disk full to the last byte, and freed.
    DiskFull,
    /// A file of the store cut short while the program is not running.
    StoreTruncated,
    /// A bit of a file of the store turned over while the program is not running.
    StoreBitFlipped,
    /// The disk refuses to make anything durable (EIO).
    DiskError,
    /// The clock a day ahead, then a day behind, then right again.
    Clock,
    /// The homeserver cannot be reached.
    HomeserverAway,
    /// The homeserver answers 429 to everything.
    HomeserverLimits,
    /// The homeserver answers 500 to everything.
    HomeserverFails,
    /// The homeserver hears, and its answers are lost.
    HomeserverAnswersLost,
    /// The homeserver killed in the middle of whatever it does, and started again.
    HomeserverKilled,
    /// IMAP connections broken again and again.
    ImapDropped,
    /// The mail server hangs after `DATA`, then goes on.
    SmtpHangsInData,
    /// The mail server hangs after the final dot, and the connection breaks.
    SmtpHangsAfterDot,
    /// The mail server puts mails off.
    SmtpPutsOff,
    /// The SMS gateway is busy.
    GatewayThrottled,
    /// The SMS gateway breaks the session again and again, and is away for a while.
    GatewayUnbound,
    /// The SMS gateway takes messages and its answers are lost.
    GatewayAnswersLost,
    /// Receipts never come.
    ReceiptsLost,
    /// Every receipt comes twice.
    ReceiptsDoubled,
    /// Receipts come late, the last first.
    ReceiptsReordered,
    /// The MQTT broker killed, and started again.
    BrokerKilled,
    /// The application that is called answers 503, then is away.
    ApplicationFails,
}

/// Every fault but the deaths at a named point.
const UNNAMED: [(Fault, &str); 24] = [
    (Fault::Kill, "kill"),
    (Fault::Stop, "stop"),
    (Fault::DiskFull, "disk-full"),
    (Fault::StoreTruncated, "store-truncated"),
    (Fault::StoreBitFlipped, "store-bit-flipped"),
    (Fault::DiskError, "disk-error"),
    (Fault::Clock, "clock"),
    (Fault::HomeserverAway, "homeserver-away"),
    (Fault::HomeserverLimits, "homeserver-429"),
    (Fault::HomeserverFails, "homeserver-500"),
    (Fault::HomeserverAnswersLost, "homeserver-answers-lost"),
    (Fault::HomeserverKilled, "homeserver-killed"),
    (Fault::ImapDropped, "imap-dropped"),
    (Fault::SmtpHangsInData, "smtp-hangs-in-data"),
    (Fault::SmtpHangsAfterDot, "smtp-hangs-after-dot"),
    (Fault::SmtpPutsOff, "smtp-puts-off"),
    (Fault::GatewayThrottled, "gateway-throttled"),
    (Fault::GatewayUnbound, "gateway-unbound"),
    (Fault::GatewayAnswersLost, "gateway-answers-lost"),
    (Fault::ReceiptsLost, "receipts-lost"),
    (Fault::ReceiptsDoubled, "receipts-doubled"),
    (Fault::ReceiptsReordered, "receipts-reordered"),
    (Fault::BrokerKilled, "broker-killed"),
    (Fault::ApplicationFails, "application-fails"),
];

impl Fault {
    /// All of them, with the fail points `points`.
    pub fn all(points: &[&'static str]) -> Vec<Self> {
        let deaths = points.iter().map(|point| Self::KillAt(point));
        deaths.chain(UNNAMED.iter().map(|(fault, _)| *fault)).collect()
    }

    /// The fault called `name`; `point:NAME` for a death at a point, `points` for all of these.
    ///
    /// # Errors
    /// There is no such fault.
    pub fn named(name: &str, points: &[&'static str]) -> Result<Vec<Self>, String> {
        let deaths = |points: &[&'static str]| points.iter().map(|p| Self::KillAt(p)).collect();
        if name == "points" {
            return Ok(deaths(points));
        }
        if let Some(point) = name.strip_prefix("point:") {
            let known = points.iter().copied().find(|known| *known == point);
            return known.map(|point| deaths(&[point])).ok_or(format!("no fail point {point:?}"));
        }
        Self::from_str(name).map(|fault| vec![fault])
    }

    /// What it is called.
    pub fn name(self) -> String {
        match self {
            Self::KillAt(point) => format!("kill at {point}"),
            other => {
                let found = UNNAMED.iter().find(|(fault, _)| *fault == other);
                found.map(|(_, name)| (*name).to_owned()).unwrap_or_default()
            }
        }
    }

    /// Whether one process of the program lives through it, and nothing stays behind that only
    /// the round in which it was written explains.
    pub fn spares_process(self) -> bool {
        !matches!(
            self,
            Self::KillAt(_)
                | Self::Kill
                | Self::DiskFull
                | Self::StoreTruncated
                | Self::StoreBitFlipped
                | Self::DiskError
                | Self::Clock
                | Self::ReceiptsLost
        )
    }

    /// Whether it is a death of the program by `kill -9`, or as abrupt.
    pub fn kills(self) -> bool {
        matches!(self, Self::KillAt(_) | Self::Kill)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = UNNAMED.iter().find(|(_, known)| *known == name);
        let names = || UNNAMED.map(|(_, name)| name).join(", ");
        let unknown = || format!("no fault {name:?}; there are: points, point:NAME, {}", names());
        found.map(|(fault, _)| *fault).ok_or_else(unknown)
    }
}
