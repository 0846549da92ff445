//! Conversations in networks without threads.

use viadukt_api::fake::exchange;

use viadukt_api::MessageId;

use super::bench::*;

pub const EVA: &str = "+491701234567";

pub fn network() -> FakeWorker {
    let mut far = FakeWorker::default();
    far.exchanges = true;
    far.verb = "sms";
    far
}

/// What Eva writes.
pub fn sms(id: &str, text: &str) -> Message {
    let exchange = Some(exchange(None, &address(EVA)));
    Message { exchange, ..message(id, EVA, text) }
}

#[tokio::test]
async fn a_conversation_goes_on_after_days_and_bears_no_number() {
    let bench = Bench::of(Setup { post: network(), ..Setup::default() }).await;
    bench.mail(sms("s1", "#1 Haus am See")).await;
    bench.shown(1).await;
    bench.event(answer("$a1", "$event1", "Ja?")).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "Ja?");
    bench.shown(2).await;
    bench.clock.jump_to("2027-01-15T12:00:00Z");
    bench.mail(sms("s2", "Noch etwas")).await;
    let shown = bench.shown(3).await;
    assert_eq!((text_of(&shown[0]), thread_of(&shown[0])), ("#1 Haus am See", None));
    assert_eq!((text_of(&shown[2]), thread_of(&shown[2])), ("Noch etwas", Some("$event1")));
}

#[tokio::test]
async fn another_own_number_is_another_conversation() {
    let bench = Bench::of(Setup { post: network(), ..Setup::default() }).await;
    bench.mail(sms("s1", "eins")).await;
    let via = Some(address("+4930555"));
    let other = Some(exchange(via.as_ref(), &address(EVA)));
    bench.mail(Message { via: via.clone(), exchange: other, ..sms("s2", "zwei") }).await;
    let shown = bench.shown(2).await;
    assert_eq!(shown.iter().filter_map(thread_of).count(), 0);
    let root = if text_of(&shown[0]) == "zwei" { "$event1" } else { "$event2" };
    bench.event(answer("$a1", root, "Antwort")).await;
    let sent = bench.post.wait_for(1).await;
    let Target::Remote { via: from, .. } = &sent[0].target else { panic!("to the far side") };
    assert_eq!(*from, via);
}

#[tokio::test]
async fn a_single_new_recipient_grows_a_thread_from_the_command() {
    let bench = Bench::of(Setup { post: network(), ..Setup::default() }).await;
    bench
        .event(message("$c1", "@clerk:agency", &format!("!sms {EVA} Guten Tag\nzweite Zeile")))
        .await;
    let sent = bench.post.wait_for(1).await;
    assert_eq!(text_of(&sent[0]), "Guten Tag\nzweite Zeile");
    assert_eq!(state_of(&bench.shown(1).await[0]), Some(State::Sent));
    bench.mail(sms("s1", "Danke")).await;
    let shown = bench.shown(2).await;
    assert_eq!((text_of(&shown[1]), thread_of(&shown[1])), ("Danke", Some("$c1")));
    // The next one is shown in that thread, and what became of it is told there in words.
    bench.event(message("$c2", "@clerk:agency", &format!("!send {EVA} Noch etwas"))).await;
    let shown = bench.shown(4).await;
    for (out, text) in shown[2..].iter().zip([format!("To {EVA}: Noch etwas"), "✓ sent".to_owned()])
    {
        assert_eq!((text_of(out), thread_of(out)), (text.as_str(), Some("$c1")));
        assert!(matches!(out.form, Form::Notice { .. }));
    }
}

#[tokio::test]
async fn several_recipients_have_a_conversation_each_and_the_unreadable_are_named() {
    let recipient = |written: &str| match written.strip_prefix('0') {
        Some(rest) => Ok(address(&format!("+49{rest}"))),
        None => Err(Reason::new("delivery-time")),
    };
    let mut far = network();
    far.recipient = recipient;
    let bench = Bench::of(Setup { post: far, ..Setup::default() }).await;
    bench.event(message("$c1", "@clerk:agency", "!sms 0170,Otto,0171,0170 Hallo")).await;
    let sent = bench.post.wait_for(2).await;
    let mut to: Vec<_> = sent.iter().map(recipient_of).collect();
    to.sort_unstable();
    assert_eq!(to, ["+49170", "+49171"]);
    let shown = bench.shown(5).await;
    let texts: Vec<_> = shown.iter().map(text_of).collect();
    let told = texts.iter().find(|text| text.contains("2 recipients")).unwrap();
    assert!(told.contains("Not to Otto: the other side did not answer"), "{told}");
    let roots = shown.iter().filter(|out| thread_of(out).is_none()).count();
    assert_eq!(roots, 3, "two threads begin, the answer is beside them: {texts:?}");
    assert_eq!(shown.iter().filter_map(state_of).count(), 0, "{texts:?}");
    assert_eq!(texts.iter().filter(|text| **text == "✓ sent").count(), 2, "{texts:?}");
}

#[tokio::test]
async fn a_network_without_subjects_names_the_right_command() {
    let bench = Bench::of(Setup { post: network(), ..Setup::default() }).await;
    bench.event(message("$n1", "@clerk:agency", "!new 0170 Ihr Antrag\nHallo")).await;
    assert!(text_of(&bench.shown(1).await[0]).contains("!sms RECIPIENT TEXT"));
    bench.event(message("$n2", "@clerk:agency", "!help")).await;
    assert!(text_of(&bench.shown(2).await[1]).contains("!sms RECIPIENT[,"));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_text_waits_for_its_time() {
    let bench = Bench::of(Setup { post: network(), ..Setup::default() }).await;
    bench.event(message("$c1", "@clerk:agency", &format!("!sms {EVA} --at 11:30 Guten Tag"))).await;
    let shown = bench.shown(1).await;
    assert!(shown.iter().any(|out| text_of(out).contains("11:30")));
    assert!(bench.post.delivered().is_empty());
    // Another one is thought better of, and one is mistyped.
    bench.event(message("$c2", "@clerk:agency", &format!("!sms {EVA} --at 11:45 Zu früh"))).await;
    bench.shown(3).await;
    let back = Act::Redact(MessageId::new("$c2"));
    bench.event(Message { act: back, ..message("$c3", "@clerk:agency", "") }).await;
    bench.event(message("$c4", "@clerk:agency", &format!("!sms {EVA} --at 25:00 Nie"))).await;
    let edit = Act::Edit(MessageId::new("$c1"));
    let text = format!("!sms {EVA} --at 12:00 Guten Tag");
    bench.event(Message { act: edit, ..message("$c5", "@clerk:agency", &text) }).await;
    let shown = bench.shown(6).await;
    for part in ["taken back before", "\"25:00\" is no time", "Write it anew"] {
        assert!(shown.iter().any(|out| text_of(out).contains(part)), "{part}");
    }
    tokio::time::sleep(Duration::from_secs(4 * 3_600)).await;
    let sent = bench.post.wait_for(1).await;
    assert_eq!(sent.iter().map(text_of).collect::<Vec<_>>(), ["Guten Tag"]);
}

fn recipient_of(out: &Outbound) -> &str {
    match &out.target {
        Target::Remote { recipient, .. } => recipient.as_str(),
        Target::Room { .. } => "",
    }
}
