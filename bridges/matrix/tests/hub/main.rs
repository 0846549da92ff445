//! The hub and a clerk on a real homeserver.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod exchange;
mod identity;
mod loss;
mod rooms;
mod support;
mod trouble;

use support::Remains;
use support::clerk::Clerk;
use viadukt_testservers::synapse::Synapse;

/// A homeserver, what a hub leaves between its runs, and Alice, the clerk.
async fn servers() -> (Synapse, Remains, Clerk) {
    let server = Synapse::start().await.unwrap();
    let remains = Remains::new(&server, "").await;
    let clerk = Clerk::new(&server, "alice").await;
    (server, remains, clerk)
}
