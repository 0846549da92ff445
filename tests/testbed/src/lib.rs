//! A whole small world for tests, the demo and the benchmark: the real servers on loopback, the
//! `viadukt` program as its own process, and the people it stands between: the clerk, a citizen
//! with a mailbox, a citizen with a phone.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let testbed = viadukt_testbed::Testbed::start().await?;
//! let mut bridge = testbed.bridge("target/debug/viadukt".as_ref())?;
//! bridge.start()?;
//! bridge.ready().await?;
//!
//! let clerk = testbed.clerk().await?;
//! clerk.join(viadukt_testbed::ROOM).await?;
//! let citizen = testbed.citizen();
//! citizen.write("Reisepass", "Wann kann ich ihn abholen?").await?;
//! let question = clerk.sees("the question", |seen| seen.body().contains("abholen")).await?;
//! clerk.answer(question.trusted()?, "Ab morgen.").await?;
//! citizen.receives("the answer", |mail| mail.text().contains("Ab morgen.")).await?;
//! # Ok(()) }
//! ```
//!
//! Everything ends with the value that started it, also when a test panics or is killed.

mod bridge;
mod citizen;
mod clerk;
mod disk;
mod intranet;
mod mailbox;
mod phone;
mod reading;
mod seen;
mod sms;
pub mod talk;
mod testbed;
mod wait;

pub use bridge::Bridge;
pub use citizen::Citizen;
pub use clerk::Clerk;
pub use disk::SmallDisk;
pub use intranet::{INTRANET_BRIDGE, INTRANET_ROOM};
pub use mailbox::{Mail, Mailbox};
pub use matrix_sdk::ruma;
pub use phone::Phone;
pub use seen::{Lock, Seen};
pub use sms::{NUMBER, SMS_BRIDGE, SMS_ROOM};
pub use testbed::{AGENCY, CITIZEN, Person, ROOM, Testbed};
pub use viadukt_testservers as servers;
pub use wait::{PATIENCE, until};
