//! An exchange between a citizen and a clerk, and what a clerk must know of it.

use super::bench::*;

#[tokio::test]
async fn a_mail_starts_a_thread_and_the_exchange_stays_in_it() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "Guten Tag")).await;
    let shown = bench.shown(1).await;
    assert_eq!((text_of(&shown[0]), thread_of(&shown[0])), ("Guten Tag", None));

    bench.event(answer("$a1", "$event1", "Guten Tag, gern")).await;
    let sent = bench.post.wait_for(1).await;
    let Target::Remote { recipient, subject, message_id, references, .. } = &sent[0].target else {
        panic!("an answer goes to the far side")
    };
    assert_eq!(recipient.as_str(), "eva@example.org");
    assert_eq!(subject.as_deref(), Some("Antrag"));
    assert_eq!(references, &[id("m1")]);

    let shown = bench.shown(2).await;
    assert_eq!((state_of(&shown[1]), text_of(&shown[1])), (Some(State::Sent), "✓ sent"));

    let ancestors = vec![message_id.clone()];
    bench.mail(Message { ancestors, ..mail("m2", "Danke") }).await;
    let shown = bench.shown(3).await;
    assert_eq!((text_of(&shown[2]), thread_of(&shown[2])), ("Danke", Some("$event1")));
}

#[tokio::test]
async fn a_conversation_says_once_that_it_leaves_encryption() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "Guten Tag")).await;
    bench.shown(1).await;
    let leaves = || bench.hub.delivered().into_iter().filter(says_that_it_leaves);
    assert_eq!(leaves().count(), 0, "nobody has written anything yet");
    for n in 0..3 {
        bench.event(answer(&format!("$a{n}"), "$event1", "Guten Tag")).await;
        bench.shown(2 + n).await;
    }
    assert_eq!(
        leaves().map(|out| thread_of(&out).map(str::to_owned)).collect::<Vec<_>>(),
        [Some("$event1".to_owned())]
    );
    bench.event(message("$n1", "@clerk:agency", "!new ida@example.org Antrag\nHallo")).await;
    bench.shown(5).await;
    assert_eq!(leaves().count(), 2);
}

#[tokio::test]
async fn mails_that_arrive_together_keep_their_order_and_find_each_other() {
    let bench = Bench::new().await;
    let second = Message { ancestors: vec![id("m1")], ..mail("m2", "zwei") };
    let third = Message { ancestors: vec![id("m2")], ..mail("m3", "drei") };
    let items = [mail("m1", "eins"), second, third].iter().map(item).collect();
    bench.accept(post(), items).await;
    let shown = bench.shown(3).await;
    let order: Vec<_> = shown.iter().map(text_of).collect();
    assert_eq!(order, ["eins", "zwei", "drei"]);
    assert_eq!(thread_of(&shown[2]), Some("$event1"));
}

#[tokio::test]
async fn a_branch_behind_an_unknown_ancestor_joins_the_same_thread() {
    let bench = Bench::new().await;
    let unseen = || vec![id("unseen")];
    bench.mail(Message { ancestors: unseen(), ..mail("m1", "eins") }).await;
    bench.mail(Message { ancestors: unseen(), ..mail("m2", "zwei") }).await;
    let shown = bench.shown(2).await;
    assert_eq!(thread_of(&shown[1]), Some("$event1"));
}

#[tokio::test]
async fn the_same_subject_alone_joins_nothing() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.mail(mail("m2", "zwei")).await;
    let shown = bench.shown(2).await;
    assert_eq!(shown.iter().filter_map(thread_of).count(), 0);
}

#[tokio::test]
async fn what_was_accepted_once_is_not_accepted_again() {
    let bench = Bench::new().await;
    let twice = || vec![item(&mail("m1", "eins")), item(&mail("m1", "eins"))];
    let first = bench.accept(post(), twice()).await;
    assert!(matches!(first[..], [Some(_), None]));
    assert_eq!(bench.accept(post(), twice()).await, [None, None]);
    bench.mail(mail("m2", "zwei")).await;
    let shown = bench.shown(2).await;
    assert_eq!(shown.iter().map(text_of).collect::<Vec<_>>(), ["eins", "zwei"]);
}

#[tokio::test]
async fn our_own_message_coming_back_ends_here() {
    let bench = Bench::new().await;
    bench.mail(Message { automatic: Some(Automatic::Own), ..mail("m1", "Echo") }).await;
    bench.mail(mail("m2", "zwei")).await;
    assert_eq!(text_of(&bench.shown(1).await[0]), "zwei");
}

#[tokio::test]
async fn an_edit_goes_out_as_a_correction_and_a_late_redaction_is_told() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    bench.event(answer("$a1", "$event1", "Antwrot")).await;
    bench.post.wait_for(1).await;
    let edit = Message { act: Act::Edit(id("$a1")), ..answer("$a2", "$event1", "Antwort") };
    bench.event(edit).await;
    let sent = bench.post.wait_for(2).await;
    assert!(matches!(&sent[1].form, Form::Say { correction: true, .. }));
    bench.shown(3).await;
    let redaction = Message { act: Act::Redact(id("$a1")), ..answer("$a3", "$event1", "") };
    bench.event(redaction).await;
    assert!(text_of(&bench.shown(4).await[3]).contains("already sent"));
}

#[tokio::test]
async fn answers_go_where_the_sender_wants_them_and_the_room_knows() {
    let bench = Bench::new().await;
    let answer_to = Some(address("familie@example.org"));
    bench.mail(Message { answer_to, ..mail("m1", "eins") }).await;
    assert!(text_of(&bench.shown(2).await[1]).contains("familie@example.org"));
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    let sent = bench.post.wait_for(1).await;
    let Target::Remote { recipient, .. } = &sent[0].target else { panic!("to the far side") };
    assert_eq!(recipient.as_str(), "familie@example.org");
}

#[tokio::test]
async fn a_stranger_in_a_conversation_is_pointed_out() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    let sender = message("", "otto@example.org", "").sender;
    let ancestors = vec![id("m1")];
    bench.mail(Message { sender, ancestors, ..mail("m2", "zwei") }).await;
    assert!(text_of(&bench.shown(3).await[2]).contains("did not take part"));
}

#[tokio::test]
async fn a_workers_memory_is_committed_with_its_items() {
    let bench = Bench::new().await;
    let keep = vec![("position".to_owned(), Some(b"7".to_vec()))];
    let intake = Intake { items: vec![item(&mail("m1", "eins"))], keep };
    bench.journal.accept(&post(), intake).await.unwrap();
    let memory = Keep::new(post(), bench.journal.clone());
    assert_eq!(memory.get("position").unwrap().as_deref(), Some(&b"7"[..]));
    assert_eq!(memory.starting_with("pos").unwrap().len(), 1);
    memory.put("position", None).await.unwrap();
    assert_eq!(memory.get("position").unwrap(), None);
}
