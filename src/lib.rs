//! viadukt links end-to-end encrypted Matrix rooms with e-mail, SMS gateways and notification
//! systems. Modules in reading order.

pub mod cli;
pub mod config;
pub mod http;
pub mod observe;
pub mod store;
