//! Real servers for tests on loopback, each in a folder of its own, gone when dropped: Dovecot
//! and Postfix, started as root without init system or syslog, the homeserver Synapse, an SMS
//! centre, the SMS gateway Kannel, the MQTT broker Mosquitto, Prometheus and its Alertmanager, a
//! stand-in for what takes requests over HTTP, and a browser. Programs and libraries that speak to
//! hooks are in [`packages`]; what renders the chart, and knows what Kubernetes takes, is in [`helm`].
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use viadukt_testservers::{Authority, Dovecot, Postfix};
//! let authority = Authority::new()?;
//! let dovecot = Dovecot::start(&authority, &[("buero@amt.example", "geheim")]).await?;
//! let postfix = Postfix::start(&authority, &dovecot).await?;
//! # Ok(()) }
//! ```

pub mod alertmanager;
mod authority;
mod browser;
mod cache;
mod dovecot;
pub mod helm;
mod http;
mod kannel;
pub mod mosquitto;
pub mod packages;
mod phones;
mod policy;
mod ports;
mod postfix;
mod process;
mod prometheus;
pub mod smsc;
mod standin;
pub mod synapse;
mod web;
mod wire;

pub use alertmanager::Alertmanager;
pub use authority::Authority;
pub use browser::browse;
pub use dovecot::Dovecot;
pub use http::post;
pub use kannel::Kannel;
pub use mosquitto::Mosquitto;
pub use phones::Arrived;
pub use policy::Stage;
pub use ports::free_port;
pub use postfix::Postfix;
pub use process::greeted;
pub use prometheus::{Prometheus, Sample};
pub use smsc::Smsc;
pub use standin::StandIn;
pub use synapse::Synapse;
pub use web::{Handler, Reply, Request, Web};
pub use wire::{Trouble, Wire};
