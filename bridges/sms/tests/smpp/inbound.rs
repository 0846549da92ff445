//! Texts in.

use viadukt_api::contract::eventually;
use viadukt_testservers::smsc::{Join, Sms};

use crate::centre::Centre;

const PIECE: &str =
    "Guten Tag, ich möchte einen Termin für den 3. März um 14 Uhr. 5 € bringe ich mit. ";

#[tokio::test]
async fn long_texts_come_in_any_order_over_several_binds() {
    let centre = Centre::start().await;
    let bench = centre.bench("binds = 3").await;
    let running = bench.start().await;
    let gsm = PIECE.repeat(17).trim().to_owned();
    let ucs2 = "Grüße 🙂 из Ульма. ".repeat(30).trim().to_owned();
    let mut expected = Vec::new();
    for how in [Join::Udh8, Join::Udh16, Join::Sar] {
        for text in [&gsm, &ucs2] {
            let places: Vec<u8> = if *text == gsm {
                vec![10, 3, 1, 1, 9, 2, 8, 4, 7, 5, 6, 3, 10]
            } else {
                vec![2, 1, 1, 9, 4, 3, 5, 6, 7, 8]
            };
            let places: Vec<u8> = places.into_iter().filter(|p| *p <= parts(text, how)).collect();
            let places = Some(places.as_slice());
            centre.write(Sms { text, how, places, spread: true, ..Sms::default() }).await;
            expected.push(text.clone());
            bench.durable.wait_for(expected.len()).await;
        }
    }
    assert_eq!(bench.texts(0), expected);
    eventually("all is answered", || async { centre.count("pending").await == 0 }).await;
    assert_eq!(bench.texts(0), expected, "parts that came twice begin nothing new");
    running.stop().await;
}

/// How many parts the centre makes of a text.
fn parts(text: &str, how: Join) -> u8 {
    let gsm = !text.contains('🙂');
    let less = usize::from(matches!(how, Join::Udh16));
    let (units, room): (usize, usize) = if gsm {
        (text.chars().map(|c| if c == '€' { 2 } else { 1 }).sum(), 153 - less)
    } else {
        (text.encode_utf16().count(), 67 - less)
    };
    u8::try_from(units.div_ceil(room)).unwrap()
}

#[tokio::test]
async fn a_payload_a_short_text_and_binary_data() {
    let centre = Centre::start().await;
    let bench = centre.bench("").await;
    let running = bench.start().await;
    let long = PIECE.repeat(5);
    centre.write(Sms { text: &long, how: Join::Payload, ..Sms::default() }).await;
    bench.durable.wait_for(1).await;
    centre.write(Sms { text: "Ja", ..Sms::default() }).await;
    bench.durable.wait_for(2).await;
    centre.write(Sms { binary: Some("0605040b8423f0"), ..Sms::default() }).await;
    bench.durable.wait_for(3).await;
    assert_eq!(bench.texts(0)[..2], [long, "Ja".to_owned()]);
    running.stop().await;
}

#[tokio::test]
async fn a_person_may_say_the_same_twice() {
    let centre = Centre::start().await;
    let bench = centre.bench("").await;
    let running = bench.start().await;
    centre.write(Sms { text: "Ja", ..Sms::default() }).await;
    centre.write(Sms { text: "Ja", ..Sms::default() }).await;
    bench.durable.wait_for(2).await;
    running.stop().await;
}

#[tokio::test]
async fn parts_outlive_a_restart_and_are_given_up_in_the_end() {
    let centre = Centre::start().await;
    let text = PIECE.repeat(4).trim().to_owned();
    let durable = std::sync::Arc::default();
    let bench = centre.bench_over("", &durable).await;
    let running = bench.start().await;
    centre.write(Sms { text: &text, places: Some(&[2, 1]), ..Sms::default() }).await;
    centre.wait_count("taken", 2).await;
    running.stop().await;
    assert_eq!(durable.items().len(), 0);

    let bench = centre.bench_over("", &durable).await;
    let running = bench.start().await;
    centre.write(Sms { text: &text, places: Some(&[3]), ..Sms::default() }).await;
    centre.wait_count("taken", 3).await;
    running.stop().await;
    assert_eq!(durable.items().len(), 0, "a second text of the same words is another one");

    let bench = centre.bench_over("parts_timeout = '1s'", &durable).await;
    let running = bench.start().await;
    bench.durable.wait_for(2).await;
    let raw = bench.durable.items();
    assert!(raw.iter().all(|item| item.raw.bytes.windows(10).any(|w| w == b"incomplete")));
    running.stop().await;
}
