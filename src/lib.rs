//! viadukt links end-to-end encrypted Matrix rooms with e-mail, SMS gateways and notification
//! systems. Modules in reading order.

pub mod config;
pub mod observe;
pub mod store;
