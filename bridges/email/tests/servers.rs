//! The worker against real Dovecot and Postfix.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::{MAILBOX, Servers};
use viadukt_api::DeliveryError;
use viadukt_api::contract::{check_all, delivery_id};
use viadukt_testservers::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    let servers = Servers::start().await;
    let bench = servers.bench("", "").await;
    check_all(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tells_refusals_apart_and_survives_a_renumbering() {
    let servers = Servers::start().await;
    let bench = servers.bench("", "").await;
    for probe in bench.worker.probe().await {
        assert_eq!(probe.result.as_deref(), Ok("TLSv1.3"), "{}", probe.what);
    }

    for (stage, answer, is_retry) in [
        (Stage::Recipient, "450 4.3.0 Later", true),
        (Stage::Recipient, "550 5.7.1 No", false),
        (Stage::Data, "451 4.3.0 Later", true),
        (Stage::Data, "554 5.7.1 No", false),
    ] {
        servers.postfix.lock().await.answer(stage, Some(answer));
        let out = bench.far.outbound(delivery_id(3), "refused");
        let error = bench.worker.deliver(&out).await.unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Retry { .. }), is_retry, "{answer}: {error}");
        assert_eq!(matches!(error, DeliveryError::Refused { .. }), !is_retry, "{answer}: {error}");
        let said = bench.worker.deliver(&out).await.unwrap_err();
        let args = &said.reason().args;
        assert!(args.iter().any(|(_, value)| value.contains(&answer[10..])), "{args:?}");
        servers.postfix.lock().await.answer(stage, None);
    }

    let running = bench.start().await;
    bench.far.put("before").await;
    bench.durable.wait_for(1).await;
    servers.dovecot.lock().await.renumber(MAILBOX).await.unwrap();
    bench.far.put("after").await;
    bench.durable.wait_for(2).await;
    running.stop().await;
    assert_eq!(bench.texts(0), ["before", "after"]);
}
