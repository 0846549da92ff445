//! What operators ask: by any name, about what was given up, and about what would happen.

use viadukt_api::Protection;

use super::bench::*;
use crate::http::views::{DeadLetterFilter, Expected, Question, Stage};
use crate::http::{OperationError, Operations};
use crate::pipeline::notices::SINGLY;

const DAY: Duration = Duration::from_secs(86_400);

/// The one message that is called `name`.
async fn found(bench: &Bench, name: &str) -> viadukt_api::ItemId {
    let found = bench.pipeline.find(name).await.unwrap();
    let [one] = found.as_slice() else { panic!("{name}: {found:?}") };
    one.item
}

#[tokio::test(start_paused = true)]
async fn a_message_is_found_by_whatever_a_network_calls_it() {
    let bench = Bench::new().await;
    bench.mail(mail("m1@citizen.example", "eins")).await;
    bench.shown(1).await;
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    let sent = bench.post.wait_for(1).await;
    bench.told(2).await;
    let Target::Remote { message_id, .. } = &sent[0].target else { panic!("{sent:?}") };
    let (inbound, outbound) = (found(&bench, "m1@citizen.example").await, sent[0].id.item);
    for name in ["<m1@citizen.example>", " m1@citizen.example ", "$event1", &inbound.to_string()] {
        assert_eq!(found(&bench, name).await, inbound, "{name}");
    }
    for name in ["$a1", message_id.as_str(), &sent[0].id.to_string()] {
        assert_eq!(found(&bench, name).await, outbound, "{name}");
    }
    assert_eq!(bench.pipeline.find("$nobody").await.unwrap(), []);

    let mut plain = answer("$a2", "$event1", "unverschlüsselt");
    plain.protection = Protection::Plain;
    bench.event(plain).await;
    bench.told(3).await;
    let refused = bench.pipeline.trace(found(&bench, "$a2").await).await.unwrap();
    let judged = refused.entries.iter().find(|entry| entry.stage == Stage::Judge).unwrap();
    assert_eq!(judged.reason.as_ref().unwrap().key, "refused-not-encrypted");

    let way = bench.pipeline.trace(outbound).await.unwrap();
    let stages: Vec<_> = way.entries.iter().map(|entry| entry.stage).collect();
    assert!(stages.starts_with(&[Stage::Accept, Stage::Judge, Stage::Route, Stage::Deliver]));
    assert_eq!(way.entries[0].protection, Some(Protection::ROOM));
    assert_eq!(way.entries[3].protection, Some(Protection::TLS));
}

#[tokio::test(start_paused = true)]
async fn many_dead_letters_are_told_together_and_announced_before_they_are_forgotten() {
    let bench = Bench::new().await;
    let count = SINGLY + 3;
    let unreadable = (0..count).map(|n| {
        let bytes = format!("not a message {n}").into_bytes();
        let raw = Raw { bytes: bytes.into(), lifted: Vec::new() };
        Item { raw, ..item(&mail(&format!("m{n}"), "")) }
    });
    bench.accept(post(), unreadable.collect()).await;
    let singly = usize::try_from(SINGLY).unwrap();
    bench.shown(singly).await;
    let letters = bench.pipeline.dead_letters(&DeadLetterFilter::default()).await.unwrap();
    assert_eq!(letters.len(), usize::try_from(count).unwrap());

    bench.pipeline.see_to_dead_letters().await.unwrap();
    let digest = bench.shown(singly + 1).await;
    assert!(text_of(&digest[singly]).starts_with("3 further messages were given up"));

    bench.pipeline.discard(letters[0].reference, "test").await.unwrap();
    let again = bench.pipeline.discard(letters[0].reference, "test").await;
    assert_eq!(again, Err(OperationError::Unknown));

    bench.clock.jump_to("2026-12-21T09:00:00Z");
    bench.pipeline.see_to_dead_letters().await.unwrap();
    bench.pipeline.see_to_dead_letters().await.unwrap();
    let announced = bench.shown(singly + 2).await;
    assert!(text_of(&announced[singly + 1]).contains("will be forgotten"));
    pass(3 * DAY).await;
    bench.pipeline.see_to_dead_letters().await.unwrap();
    let forgotten = bench.shown(singly + 3).await;
    assert!(text_of(&forgotten[singly + 2]).contains("were forgotten"));
    assert!(bench.pipeline.dead_letters(&DeadLetterFilter::default()).await.unwrap().is_empty());
    let way = bench.pipeline.trace(letters[1].reference.item()).await.unwrap();
    assert!(way.entries.iter().any(|entry| entry.stage == Stage::Decide), "{way:?}");
}

#[tokio::test(start_paused = true)]
async fn a_room_lists_and_discards_what_its_bridge_gave_up() {
    let bench = Bench::new().await;
    let raw = Raw { bytes: b"not a message"[..].into(), lifted: Vec::new() };
    bench.accept(post(), vec![Item { raw, ..item(&mail("m1", "")) }]).await;
    bench.shown(1).await;
    let letters = bench.pipeline.dead_letters(&DeadLetterFilter::default()).await.unwrap();
    let reference = letters[0].reference.to_string();
    bench.event(message("$c1", "@clerk:agency", "!deadletters")).await;
    assert!(text_of(&bench.shown(2).await[1]).contains(&reference));
    bench.event(message("$c2", "@clerk:agency", "!discard x")).await;
    assert!(text_of(&bench.shown(3).await[2]).contains("nothing by this reference"));
    bench.event(message("$c3", "@clerk:agency", &format!("!discard {reference}"))).await;
    assert_eq!(text_of(&bench.shown(4).await[3]), "It was discarded.");
    assert!(bench.pipeline.dead_letters(&DeadLetterFilter::default()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_would_happen_is_what_the_judge_says() {
    let bench = Bench::of(Setup::ruled(|rules| {
        rules.limits.quiet_hours = crate::config::Span::from_text("20:00-08:00");
    }))
    .await;
    let asked = async |from: Option<&str>| {
        let question =
            Question { place: "post".to_owned(), from: from.map(str::to_owned), to: None };
        bench.pipeline.explain(&question).await.unwrap()
    };
    assert_eq!(asked(None).await.expected, Expected::Sent);
    assert_eq!(asked(Some("@clerk:agency")).await.expected, Expected::Sent);
    let stranger = asked(Some("@eve:elsewhere.example")).await;
    assert_eq!(stranger.expected, Expected::Refused);
    assert!(stranger.lines[1].words.contains("you are not on the list"), "{stranger:?}");
    bench.clock.jump_to("2026-11-23T22:00:00Z");
    let held = asked(None).await;
    assert_eq!(held.expected, Expected::Held);
    assert!(held.lines[1].words.contains("tomorrow at 08:00"), "{held:?}");
    let nowhere = Question { place: "fax".to_owned(), from: None, to: None };
    assert_eq!(bench.pipeline.explain(&nowhere).await, Err(OperationError::Unknown));
}
