//! Who gets the answers: whom they are written to, and who reads along.

use super::bench::*;
use crate::config::Reply;

const EVA: &str = "eva@example.org";
const OTTO: &str = "otto@example.org";
const IDA: &str = "ida@example.org";

/// A bridge that answers to all, where Eva wrote and named Otto.
async fn eva_named_otto() -> Bench {
    let bench = Bench::of(Setup::ruled(|rules| rules.reply = Reply::All)).await;
    bench.mail(naming(mail("m1", "Guten Tag"), &[OTTO])).await;
    bench.shown(2).await;
    bench
}

fn naming(message: Message, named: &[&str]) -> Message {
    Message { recipients: named.iter().map(|one| address(one)).collect(), ..message }
}

fn in_thread(id: &str, sender: &str) -> Message {
    Message { ancestors: vec![self::id("m1")], ..message(id, sender, "Noch etwas") }
}

/// One delivery: its recipient, whom it is written to, and who reads along.
fn addressed(out: &Outbound) -> (&str, String, String) {
    let Target::Remote { recipient, to, cc, .. } = &out.target else { panic!("to the far side") };
    let list = |parties: &[viadukt_api::Address]| {
        parties.iter().map(viadukt_api::Address::as_str).collect::<Vec<_>>().join(" ")
    };
    (recipient.as_str(), list(to), list(cc))
}

#[tokio::test]
async fn an_answer_goes_to_the_sender_alone_unless_the_rule_is_another() {
    let bench = Bench::new().await;
    bench.mail(naming(mail("m1", "Guten Tag"), &[OTTO])).await;
    bench.shown(1).await;
    bench.event(answer("$a1", "$event1", "Ja")).await;
    assert_eq!(addressed(&bench.post.wait_for(1).await[0]), (EVA, EVA.to_owned(), String::new()));
    assert_eq!(text_of(&bench.told(2).await), "✓ sent");
}

#[tokio::test]
async fn an_answer_to_all_is_one_delivery_for_each_and_says_what_became_of_it() {
    let bench = eva_named_otto().await;
    let told = bench.told(2).await;
    assert!(text_of(&told).ends_with(&format!("go to {EVA}. Reading along: {OTTO}.")));
    bench.post.script([DeliveryError::refused(Reason::new("delivery-time"))]);
    bench.event(answer("$a1", "$event1", "Ja")).await;
    let sent = bench.post.wait_for(1).await;
    assert_eq!(addressed(&sent[0]), (OTTO, EVA.to_owned(), OTTO.to_owned()));
    let shown = bench.shown(4).await;
    let failed = text_of(&shown[2]);
    assert!(failed.starts_with(&format!("To {EVA}: ")), "{failed}");
    assert_eq!(text_of(&shown[3]), "✓ sent (2 of 2)", "a mark is not encrypted and names nobody");
}

#[tokio::test]
async fn who_takes_part_may_bring_others_in_and_a_stranger_may_not() {
    let bench = eva_named_otto().await;
    bench.mail(naming(in_thread("m2", "stranger@example.org"), &[IDA])).await;
    assert!(text_of(&bench.told(4).await).contains("did not take part"));
    bench.event(answer("$a1", "$event1", "Ja")).await;
    assert_eq!(bench.post.wait_for(2).await.len(), 2);
    bench.mail(naming(in_thread("m3", OTTO), &[IDA, EVA])).await;
    bench.shown(8).await;
    bench.event(answer("$a2", "$event1", "Auch an Ida")).await;
    let sent = bench.post.wait_for(5).await;
    assert_eq!(addressed(&sent[4]), (IDA, EVA.to_owned(), format!("{OTTO} {IDA}")));
}

#[tokio::test]
async fn commands_change_who_gets_the_answers() {
    let bench = eva_named_otto().await;
    for (n, (command, told)) in [
        (format!("!cc {IDA}"), format!("go to {EVA}. Reading along: {OTTO}, {IDA}.")),
        (format!("!cc -{OTTO}"), format!("go to {EVA}. Reading along: {IDA}.")),
        (format!("!to {IDA}, {OTTO}"), format!("go to {IDA}, {OTTO}.")),
    ]
    .into_iter()
    .enumerate()
    {
        bench.event(answer(&format!("$c{n}"), "$event1", &command)).await;
        let answer = bench.told(3 + n).await;
        assert!(text_of(&answer).ends_with(&told), "{command}: {}", text_of(&answer));
    }
    bench.event(answer("$a1", "$event1", "Ja")).await;
    let sent = bench.post.wait_for(2).await;
    assert_eq!(addressed(&sent[1]), (OTTO, format!("{IDA} {OTTO}"), String::new()));
    bench.event(message("$c9", "@clerk:agency", &format!("!cc {IDA}"))).await;
    let texts: Vec<_> = bench.shown(8).await.iter().map(|out| text_of(out).to_owned()).collect();
    assert!(texts.iter().any(|text| text.contains("in the thread")), "{texts:?}");
}

#[tokio::test]
async fn a_conversation_may_begin_with_several() {
    let bench = Bench::new().await;
    let text = format!("!new {EVA},{OTTO} Ihr Antrag\nGuten Tag");
    bench.event(message("$n1", "@clerk:agency", &text)).await;
    let sent = bench.post.wait_for(2).await;
    assert_eq!(addressed(&sent[1]), (OTTO, format!("{EVA} {OTTO}"), String::new()));
}
