//! viadukt links end-to-end encrypted Matrix rooms with e-mail, SMS gateways and notification
//! systems. Modules in reading order.

pub mod app;
pub mod backup;
pub mod cli;
pub mod config;
pub mod failpoint;
pub mod http;
pub mod ledger;
pub mod observe;
pub mod pipeline;
pub mod store;
