//! Texts out, and what becomes of them.

use viadukt_api::DeliveryError;
use viadukt_api::State;
use viadukt_api::contract::{delivery_id, eventually};
use viadukt_testservers::smsc::{Behaviour, Form, Ids, Receipts};

use crate::centre::{Centre, ids, reports};
use viadukt_api::contract::FarSide;

const LONG: &str = "Ihr Antrag auf Ausstellung eines Personalausweises ist fertig. Bitte bringen \
    Sie 37 € und Ihren alten Ausweis mit. Grüße aus dem Bürgerbüro! Wir öffnen um 8 Uhr. ";

#[tokio::test]
async fn ten_parts_go_over_one_bind_and_each_has_its_receipt() {
    let centre = Centre::start().await;
    centre.behave(Behaviour { receipts: Receipts::Now, ..Behaviour::default() }).await;
    let bench = centre.bench("binds = 3").await;
    let running = bench.start().await;
    let text = LONG.repeat(9).trim().to_owned();
    let receipt = bench.worker.deliver(&with_parts(&centre, &text)).await;
    let taken = ids(&receipt.unwrap());
    assert!(taken.len() >= 5, "{}", taken.len());
    let messages = centre.smsc.messages().await.unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text().unwrap(), text);
    assert_eq!(messages[0].sessions.len(), 1, "all parts over one bind");
    bench.durable.wait_for(taken.len()).await;
    let mut reported: Vec<_> = reports(&bench);
    reported.sort_by(|a, b| a.0.cmp(&b.0));
    let mut expected: Vec<_> = taken.into_iter().map(|id| (id, State::Delivered)).collect();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(reported, expected);
    running.stop().await;
}

fn with_parts(centre: &Centre, text: &str) -> viadukt_api::Outbound {
    centre.outbound(delivery_id(1), text)
}

#[tokio::test]
async fn umlauts_the_euro_and_emoji_arrive_however_parts_are_marked() {
    let centre = Centre::start().await;
    for long in ["udh", "sar", "payload"] {
        let bench = centre.bench(&format!("long = '{long}'")).await;
        let running = bench.start().await;
        let gsm = format!("{long}: {LONG}{{[^~]}} für 5 €");
        let ucs2 = format!("{long}: Grüße 🙂 {}", "ы🙂".repeat(60));
        for text in ["Grüße für 5 €", "Ja 🙂", &gsm, &ucs2] {
            let receipt = centre.send(&bench, text).await.unwrap();
            assert!(receipt.id.is_some());
            assert!(centre.texts().await.contains(&text.to_owned()), "{long}: {text}");
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn ids_meet_whatever_their_notation() {
    let centre = Centre::start().await;
    let cases = [
        ("same", Ids::Same, Form::Tlv),
        ("hex-to-decimal", Ids::HexToDecimal, Form::Text),
        ("decimal-to-hex", Ids::DecimalToHex, Form::Both),
    ];
    for (option, notation, form) in cases {
        let receipts = Receipts::Now;
        centre.behave(Behaviour { receipts, ids: notation, form, ..Behaviour::default() }).await;
        let bench = centre.bench(&format!("receipt_ids = '{option}'")).await;
        let running = bench.start().await;
        let receipt = centre.send(&bench, "Ja").await.unwrap();
        bench.durable.wait_for(1).await;
        let expected: Vec<_> = ids(&receipt).into_iter().map(|id| (id, State::Delivered)).collect();
        assert_eq!(reports(&bench), expected, "{option}");
        running.stop().await;
    }
}

#[tokio::test]
async fn receipts_come_early_late_twice_and_failed() {
    let centre = Centre::start().await;
    let bench = centre.bench("").await;
    let running = bench.start().await;
    let behaviour = |receipts| Behaviour { receipts, ..Behaviour::default() };

    centre.behave(behaviour(Receipts::Early)).await;
    let early = ids(&centre.send(&bench, "früh").await.unwrap());
    bench.durable.wait_for(1).await;
    centre.behave(behaviour(Receipts::Twice)).await;
    let twice = ids(&centre.send(&bench, "doppelt").await.unwrap());
    bench.durable.wait_for(2).await;
    centre.behave(Behaviour { state: "UNDELIV", ..behaviour(Receipts::Late) }).await;
    let late = [
        ids(&centre.send(&bench, "spät 1").await.unwrap()),
        ids(&centre.send(&bench, "spät 2").await.unwrap()),
    ]
    .concat();
    centre.smsc.release().await.unwrap();
    bench.durable.wait_for(4).await;
    centre.wait_count("taken", 5).await;

    let expected = [
        (early[0].clone(), State::Delivered),
        (twice[0].clone(), State::Delivered),
        (late[1].clone(), State::Failed),
        (late[0].clone(), State::Failed),
    ];
    assert_eq!(reports(&bench), expected);
    running.stop().await;
}

#[tokio::test]
async fn too_much_is_a_retry_and_parts_that_were_taken_are_not_sent_again() {
    let centre = Centre::start().await;
    let bench = centre.bench("window = 4").await;
    let running = bench.start().await;
    centre.behave(Behaviour { refuse: 1, status: 0x58, ..Behaviour::default() }).await;
    let error = centre.send(&bench, "Ja").await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error}");

    // The first part is refused once, the others after it, too: what is missing is sent.
    let text = LONG.repeat(4).trim().to_owned();
    centre.behave(Behaviour { refuse: 1, status: 0x14, ..Behaviour::default() }).await;
    let out = with_parts(&centre, &text);
    assert!(bench.worker.deliver(&out).await.is_err(), "the first part alone, nothing taken");
    bench.worker.deliver(&out).await.unwrap();
    assert_eq!(centre.texts().await, [text]);
    running.stop().await;
}

#[tokio::test]
async fn refusals_are_final_and_trouble_is_not() {
    let centre = Centre::start().await;
    let bench = centre.bench("").await;
    let running = bench.start().await;
    for (status, is_final, key) in [
        (0x0b, true, "smpp-number-refused"),
        (0x0a, true, "smpp-sender-refused"),
        (0x0412, true, "smpp-refused"),
        (0x08, false, "smpp-trouble"),
    ] {
        centre.behave(Behaviour { refuse: 1, status, ..Behaviour::default() }).await;
        let error = centre.send(&bench, "Ja").await.unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Refused { .. }), is_final, "{error}");
        assert_eq!(error.reason().key, key);
    }
    running.stop().await;
}

#[tokio::test]
async fn without_an_answer_nobody_knows() {
    let centre = Centre::start().await;
    let bench = centre.bench("").await;
    let running = bench.start().await;
    for behaviour in [
        Behaviour { lose: 1, ..Behaviour::default() },
        Behaviour { drop: 1, ..Behaviour::default() },
    ] {
        centre.behave(behaviour).await;
        let error = centre.send(&bench, "Ja").await.unwrap_err();
        assert!(matches!(error, DeliveryError::Unknown { .. }), "{error}");
    }
    // An answer that comes twice is one, and answers out of order find their questions.
    centre.behave(Behaviour { double: 2, ..Behaviour::default() }).await;
    centre.send(&bench, "eins").await.unwrap();
    centre.send(&bench, "zwei").await.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn what_may_be_sent_again_is_sent_again() {
    let centre = Centre::start().await;
    let bench = centre.bench("unanswered = 'resend'").await;
    let running = bench.start().await;
    centre.behave(Behaviour { lose: 1, ..Behaviour::default() }).await;
    let error = centre.send(&bench, "Ja").await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error}");
    eventually("it went out", || async { centre.count("submit_sm").await == 1 }).await;
    running.stop().await;
}
