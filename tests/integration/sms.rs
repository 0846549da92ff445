//! SMS between phones and an encrypted room: over SMPP with an SMS centre that is not ours, and
//! over HTTP with Kannel.

mod exchange;
mod kannel;
mod logs;
pub mod scene;
mod trouble;
