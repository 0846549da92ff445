//! The intranet and an encrypted room: monitoring, application software, building technology.

mod alerts;
mod hooks;
pub mod scene;
