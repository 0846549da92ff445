//! Real servers for tests on loopback, each in a folder of its own, gone when dropped: Dovecot
//! and Postfix, started as root without init system or syslog, the homeserver Synapse, an SMS
//! centre and the SMS gateway Kannel.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use viadukt_testservers::{Authority, Dovecot, Postfix};
//! let authority = Authority::new()?;
//! let dovecot = Dovecot::start(&authority, &[("buero@amt.example", "geheim")]).await?;
//! let postfix = Postfix::start(&authority, &dovecot).await?;
//! # Ok(()) }
//! ```

mod authority;
mod cache;
mod dovecot;
mod http;
mod kannel;
pub mod mosquitto;
mod phones;
mod policy;
mod postfix;
mod process;
pub mod smsc;
pub mod synapse;

pub use authority::Authority;
pub use dovecot::Dovecot;
pub use kannel::Kannel;
pub use mosquitto::Mosquitto;
pub use phones::Arrived;
pub use policy::Stage;
pub use postfix::Postfix;
pub use process::{free_port, greeted};
pub use smsc::Smsc;
pub use synapse::Synapse;
