//! A connection to a broker, from the greeting on.

use std::collections::VecDeque;
use std::time::Duration;
use viadukt_api::Protection;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::compose::{self, Connect, PINGREQ};
use super::line::{Broker, Line, PATIENCE, within};
use super::wire::{Connack, Frames, Malformed, Packet, Version};

/// A connection that the broker has accepted.
pub(crate) struct Connection {
    line: Line,
    frames: Frames,
    /// What came while we waited for something else, in order.
    early: VecDeque<Packet>,
    /// When the broker last said something.
    heard: Instant,
    /// The agreed time within which each side hears of the other.
    pub(crate) keep_alive: Duration,
    /// What the broker said about itself.
    pub(crate) granted: Connack,
}

/// There is no connection, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// It may be there later.
    #[error("{0}")]
    Away(String),
    /// The broker does not want us.
    #[error("{0}")]
    Refused(&'static str),
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Away(malformed.to_string())
    }
}

impl Connection {
    /// Connects and greets. `limit` is the size up to which messages are read whole.
    pub(crate) async fn open(
        broker: &Broker,
        version: Version,
        with: &Connect<'_>,
        limit: usize,
    ) -> Result<Self, Trouble> {
        let line = broker.connect().await.map_err(Trouble::Away)?;
        let mut connection = Self {
            line,
            frames: Frames::new(version, limit),
            early: VecDeque::new(),
            heard: Instant::now(),
            keep_alive: with.keep_alive,
            granted: Connack::default(),
        };
        connection.write(&compose::connect(version, with)).await?;
        let silent = || Trouble::Away("the broker did not answer the greeting".to_owned());
        let answer = timeout(PATIENCE, connection.read()).await.map_err(|_| silent())??;
        let Packet::Connack(granted) = answer else {
            return Err(Trouble::Away("the broker did not answer as MQTT asks".to_owned()));
        };
        accepted(version, granted.reason)?;
        if let Some(seconds) = granted.properties.server_keep_alive {
            // 0 turns it off; we still want to know when the broker is gone.
            let seconds = if seconds == 0 { 3_600 } else { seconds };
            connection.keep_alive = Duration::from_secs(seconds.into());
        }
        connection.granted = granted;
        Ok(connection)
    }

    /// How the line is protected.
    pub(crate) fn protection(&self) -> &Protection {
        &self.line.protection
    }

    /// The next packet. Nothing is lost when the caller stops waiting.
    pub(crate) async fn read(&mut self) -> Result<Packet, Trouble> {
        loop {
            if let Some(packet) = self.here()? {
                return Ok(packet);
            }
            let read = self.line.stream.read_buf(self.frames.buffer()).await;
            if read.map_err(|e| Trouble::Away(format!("the connection broke: {e}")))? == 0 {
                return Err(Trouble::Away("the broker closed the connection".to_owned()));
            }
            self.heard = Instant::now();
        }
    }

    /// The next packet, if it has come already.
    pub(crate) fn here(&mut self) -> Result<Option<Packet>, Trouble> {
        if let Some(packet) = self.early.pop_front() {
            return Ok(Some(packet));
        }
        match self.frames.next()? {
            Some(Packet::Disconnect(reason)) => Err(ended(reason)),
            packet => Ok(packet),
        }
    }

    /// Waits for the packet that `wanted` picks; what comes before it is kept for
    /// [`Connection::read`].
    pub(crate) async fn answer<T>(
        &mut self,
        mut wanted: impl FnMut(&Packet) -> Option<T>,
    ) -> Result<T, Trouble> {
        let mut before = VecDeque::new();
        let wait = async {
            loop {
                let packet = self.read().await?;
                match wanted(&packet) {
                    Some(answer) => return Ok(answer),
                    None => before.push_back(packet),
                }
            }
        };
        let silent = || Trouble::Away("the broker did not answer".to_owned());
        let answer = timeout(PATIENCE, wait).await.map_err(|_| silent())?;
        before.append(&mut self.early);
        self.early = before;
        answer
    }

    /// Sends.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let stream = &mut self.line.stream;
        let writing = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        within("nothing can be sent", writing).await.map_err(Trouble::Away)
    }

    /// Sends a sign of life (3.12).
    pub(crate) async fn ping(&mut self) -> Result<(), Trouble> {
        self.write(PINGREQ).await
    }

    /// The broker need not have said anything before now: we did not listen.
    pub(crate) fn listen_again(&mut self) {
        self.heard = Instant::now();
    }

    /// Whether the broker has been silent for so long that it must be gone (3.1.2.10).
    pub(crate) fn check(&self) -> Result<(), Trouble> {
        if self.heard.elapsed() > self.keep_alive * 3 / 2 {
            return Err(Trouble::Away("the broker has fallen silent".to_owned()));
        }
        Ok(())
    }

    /// Says goodbye. Whether that arrives makes no difference.
    pub(crate) async fn end(mut self, with_will: bool) {
        let farewell = compose::disconnect(self.frames.version, with_will);
        let ending = async {
            let _ = self.line.stream.write_all(&farewell).await;
            self.line.stream.shutdown().await
        };
        let _ = timeout(Duration::from_secs(1), ending).await;
    }
}

/// What the broker's answer to the greeting means (3.2.2.2, and 3.2.2.3 of MQTT 3.1.1).
fn accepted(version: Version, reason: u8) -> Result<(), Trouble> {
    let refused = match (version, reason) {
        (_, 0) => return Ok(()),
        (Version::V311, 1) | (Version::V5, 0x84) => "the broker speaks another version of MQTT",
        (Version::V311, 2) | (Version::V5, 0x85) => "the broker refuses the client id",
        (Version::V311, 4) | (Version::V5, 0x86) => "the broker refuses user or password",
        (Version::V311, 5) | (Version::V5, 0x87) => "the broker does not authorise this client",
        (Version::V5, 0x8A) => "the broker has banned this client",
        (Version::V5, 0x8C) => "the broker wants another way to log in",
        (Version::V5, 0x9D) => "the broker has moved",
        _ => return Err(Trouble::Away(format!("the broker is not ready (0x{reason:02x})"))),
    };
    Err(Trouble::Refused(refused))
}

fn ended(reason: u8) -> Trouble {
    Trouble::Away(match reason {
        0x8E => "another client uses the same client id".to_owned(),
        _ => format!("the broker ended the connection (0x{reason:02x})"),
    })
}
