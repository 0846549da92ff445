//! The SMPP transport against an SMS centre that is not ours, well and badly behaved.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod centre;
mod inbound;
mod outbound;
mod session;

use viadukt_api::contract::check_all;

use crate::centre::Centre;

#[tokio::test]
async fn the_contract_holds() {
    let centre = Centre::start().await;
    check_all(&centre.bench("").await).await;
}

#[tokio::test]
async fn the_contract_holds_over_a_pair_of_binds() {
    let centre = Centre::start().await;
    check_all(&centre.bench("bind = 'pair'").await).await;
}
