//! The pipeline between two sides in memory: a citizen's far side and the hub.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use viadukt_api::fake::{FakeWorker, item, message};
use viadukt_api::inbox::Durable;
use viadukt_api::{
    Act, Address, Automatic, DeliveryError, Env, Form, Intake, Item, ItemId, Keep, Message,
    MessageId, Outbound, Raw, Reason, RoomId, RoomSpec, State, Target, Words, WorkerName,
    words::Language,
};

use super::{Journal, Parts, Pipeline, Policy};
use crate::config::{Invites, Rules};
use crate::ledger::Ledger;
use crate::observe::Metrics;
use crate::store::{Keys, MemoryStore, Store};

/// A pipeline with a clerk's room and a citizen's far side, and the disk under it.
struct Bench {
    disk: Disk,
    hub: Arc<FakeWorker>,
    post: Arc<FakeWorker>,
    journal: Arc<Journal>,
    running: Running,
}

#[derive(Clone)]
struct Disk {
    store: Arc<dyn Store>,
    spool: Arc<dyn viadukt_api::Spool>,
    _folder: Arc<tempfile::TempDir>,
    keys: Arc<Keys>,
}

struct Running {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), crate::store::StoreError>>,
}

fn post() -> WorkerName {
    "post".parse().unwrap()
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::system();
        let key = folder.path().join("key");
        let keys = Keys::load_or_create(&key, &folder.path().join("store"), &*env.entropy).unwrap();
        let spool =
            crate::store::FileSpool::open(&folder.path().join("spool"), &keys, &env, 0).unwrap();
        Self {
            store: Arc::new(MemoryStore::default()),
            spool: Arc::new(spool),
            _folder: Arc::new(folder),
            keys: Arc::new(keys),
        }
    }
}

impl Bench {
    async fn new() -> Self {
        Self::on(Disk::new(), FakeWorker::default(), FakeWorker::default()).await
    }

    async fn on(disk: Disk, hub: FakeWorker, far: FakeWorker) -> Self {
        let (hub, far) = (Arc::new(hub), Arc::new(far));
        let env = Env::system();
        let metrics = Arc::new(Metrics::new(&*env.clock).unwrap());
        let ledger = Ledger::new(disk.store.clone(), disk.spool.clone(), disk.keys.clone());
        let (again, accepted) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicU64::new(0));
        let journal = Journal::open(
            ledger.clone(),
            env.clone(),
            metrics.clone(),
            again.clone(),
            waiting.clone(),
            1_000,
        );
        let rules = Rules { senders: vec!["@clerk:agency".parse().unwrap()], power_level: 0 };
        let pipeline = Pipeline::new(Parts {
            ledger,
            env,
            words: Arc::new(Words::new(Language::En)),
            metrics,
            policy: Policy {
                invites: Invites(vec!["*:agency".parse().unwrap()]),
                rules: BTreeMap::from([(post(), rules)]),
            },
            hub: hub.clone(),
            bridges: BTreeMap::from([(post(), far.clone() as _)]),
            again,
            waiting,
        })
        .map(Arc::new)
        .unwrap();
        let stop = CancellationToken::new();
        let spec = RoomSpec {
            bridge: post(),
            existing: None,
            name: "Post".to_owned(),
            invite: Vec::new(),
        };
        pipeline.ensure_room(&spec, &stop).await.unwrap();
        let end = stop.clone();
        let task = tokio::spawn(async move { pipeline.run(accepted, end).await });
        let journal = Arc::new(journal.unwrap());
        Self { disk, hub, post: far, journal, running: Running { stop, task } }
    }

    /// The process ends between two steps and a new one goes on with the same disk.
    async fn restart(self) -> Self {
        self.running.stop.cancel();
        self.running.task.await.unwrap().unwrap();
        Self::on(self.disk, FakeWorker::default(), FakeWorker::default()).await
    }

    async fn accept(&self, worker: WorkerName, items: Vec<Item>) -> Vec<Option<ItemId>> {
        self.journal.accept(&worker, Intake { items, keep: Vec::new() }).await.unwrap()
    }

    async fn mail(&self, mail: Message) {
        self.accept(post(), vec![item(&mail)]).await;
    }

    async fn event(&self, mut event: Message) {
        event.room = Some(RoomId::new("!post"));
        self.accept(WorkerName::hub(), vec![item(&event)]).await;
    }
}

fn mail(id: &str, text: &str) -> Message {
    Message { subject: Some("Antrag".to_owned()), ..message(id, "eva@example.org", text) }
}

fn answer(id: &str, to: &str, text: &str) -> Message {
    let ancestors = vec![MessageId::new(to)];
    Message { ancestors, ..message(id, "@clerk:agency", text) }
}

fn text_of(out: &Outbound) -> &str {
    match &out.form {
        Form::Say { content, .. } | Form::Edit { content, .. } => &content.text,
        Form::Notice { text } | Form::Status { text, .. } => text,
        Form::Join => "",
    }
}

fn thread_of(out: &Outbound) -> Option<&str> {
    match &out.target {
        Target::Room { thread, .. } => thread.as_ref().map(MessageId::as_str),
        Target::Remote { .. } => None,
    }
}

fn state_of(out: &Outbound) -> Option<State> {
    match &out.form {
        Form::Status { state, .. } => Some(*state),
        _ => None,
    }
}

#[tokio::test]
async fn a_mail_starts_a_thread_and_the_exchange_stays_in_it() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "Guten Tag")).await;
    let shown = bench.hub.wait_for(1).await;
    assert_eq!((text_of(&shown[0]), thread_of(&shown[0])), ("Guten Tag", None));

    bench.event(answer("$a1", "$event1", "Guten Tag, gern")).await;
    let sent = bench.post.wait_for(1).await;
    let Target::Remote { recipient, subject, message_id, references, .. } = &sent[0].target else {
        panic!("an answer goes to the far side")
    };
    assert_eq!(recipient.as_str(), "eva@example.org");
    assert_eq!(subject.as_deref(), Some("Antrag"));
    assert_eq!(references, &[MessageId::new("m1")]);

    let shown = bench.hub.wait_for(2).await;
    assert_eq!((state_of(&shown[1]), text_of(&shown[1])), (Some(State::Sent), "✓ sent"));

    let ancestors = vec![message_id.clone()];
    bench.mail(Message { ancestors, ..mail("m2", "Danke") }).await;
    let shown = bench.hub.wait_for(3).await;
    assert_eq!((text_of(&shown[2]), thread_of(&shown[2])), ("Danke", Some("$event1")));
}

#[tokio::test]
async fn mails_that_arrive_together_keep_their_order_and_find_each_other() {
    let bench = Bench::new().await;
    let second = Message { ancestors: vec![MessageId::new("m1")], ..mail("m2", "zwei") };
    let third = Message { ancestors: vec![MessageId::new("m2")], ..mail("m3", "drei") };
    let items = [mail("m1", "eins"), second, third].iter().map(item).collect();
    bench.accept(post(), items).await;
    let shown = bench.hub.wait_for(3).await;
    let order: Vec<_> = shown.iter().map(text_of).collect();
    assert_eq!(order, ["eins", "zwei", "drei"]);
    assert_eq!(thread_of(&shown[2]), Some("$event1"));
}

#[tokio::test]
async fn a_branch_behind_an_unknown_ancestor_joins_the_same_thread() {
    let bench = Bench::new().await;
    let unseen = || vec![MessageId::new("unseen")];
    bench.mail(Message { ancestors: unseen(), ..mail("m1", "eins") }).await;
    bench.mail(Message { ancestors: unseen(), ..mail("m2", "zwei") }).await;
    let shown = bench.hub.wait_for(2).await;
    assert_eq!(thread_of(&shown[1]), Some("$event1"));
}

#[tokio::test]
async fn the_same_subject_alone_joins_nothing() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.mail(mail("m2", "zwei")).await;
    let shown = bench.hub.wait_for(2).await;
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
    let shown = bench.hub.wait_for(2).await;
    assert_eq!(shown.iter().map(text_of).collect::<Vec<_>>(), ["eins", "zwei"]);
}

#[tokio::test]
async fn who_may_not_write_to_the_outside_is_told_why() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.hub.wait_for(1).await;
    let stranger = Message {
        sender: message("", "@eve:agency", "").sender,
        ..answer("$a1", "$event1", "Ich auch")
    };
    bench.event(stranger).await;
    let shown = bench.hub.wait_for(2).await;
    assert_eq!(state_of(&shown[1]), Some(State::Failed));
    assert!(text_of(&shown[1]).contains("you are not on the list"));

    let mut plain = answer("$a2", "$event1", "unverschlüsselt");
    plain.protection.encrypted = false;
    bench.event(plain).await;
    assert!(text_of(&bench.hub.wait_for(3).await[2]).contains("not encrypted"));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn our_own_message_coming_back_ends_here() {
    let bench = Bench::new().await;
    bench.mail(Message { automatic: Some(Automatic::Own), ..mail("m1", "Echo") }).await;
    bench.mail(mail("m2", "zwei")).await;
    assert_eq!(text_of(&bench.hub.wait_for(1).await[0]), "zwei");
}

#[tokio::test]
async fn a_far_side_that_cannot_take_it_yet_is_tried_again_in_order() {
    let bench = Bench::new().await;
    bench.hub.script([DeliveryError::Retry {
        reason: Reason::new("delivery-time"),
        after: Some(Duration::from_millis(1)),
    }]);
    bench.mail(mail("m1", "eins")).await;
    let next = Message { ancestors: vec![MessageId::new("m1")], ..mail("m2", "zwei") };
    bench.mail(next).await;
    let shown = bench.hub.wait_for(2).await;
    assert_eq!(shown.iter().map(text_of).collect::<Vec<_>>(), ["eins", "zwei"]);
}

#[tokio::test]
async fn a_refusal_is_told_and_can_be_sent_again() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.hub.wait_for(1).await;
    bench.post.script([DeliveryError::refused(Reason::new("delivery-time"))]);
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    let shown = bench.hub.wait_for(2).await;
    assert_eq!(state_of(&shown[1]), Some(State::Failed));
    assert_eq!(thread_of(&shown[1]), Some("$event1"));

    bench.event(answer("$a2", "$event1", "!resend")).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "Antwort");
    let shown = bench.hub.wait_for(4).await;
    assert!(shown.iter().any(|out| text_of(out).starts_with("One message is tried again")));
    assert!(shown.iter().any(|out| state_of(out) == Some(State::Sent)));
    let mut ids: Vec<_> = shown.iter().map(|out| out.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), shown.len(), "every sentence has an id of its own");
}

#[tokio::test]
async fn an_answer_that_never_came_is_told_as_unknown() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.hub.wait_for(1).await;
    bench.post.script([DeliveryError::unknown(Reason::new("delivery-time"))]);
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    assert_eq!(state_of(&bench.hub.wait_for(2).await[1]), Some(State::Unknown));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn an_edit_goes_out_as_a_correction_and_a_late_redaction_is_told() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.hub.wait_for(1).await;
    bench.event(answer("$a1", "$event1", "Antwrot")).await;
    bench.post.wait_for(1).await;
    let edit =
        Message { act: Act::Edit(MessageId::new("$a1")), ..answer("$a2", "$event1", "Antwort") };
    bench.event(edit).await;
    let sent = bench.post.wait_for(2).await;
    assert!(matches!(&sent[1].form, Form::Say { correction: true, .. }));
    bench.hub.wait_for(3).await;
    let redaction =
        Message { act: Act::Redact(MessageId::new("$a1")), ..answer("$a3", "$event1", "") };
    bench.event(redaction).await;
    assert!(text_of(&bench.hub.wait_for(4).await[3]).contains("already sent"));
}

#[tokio::test]
async fn answers_go_where_the_sender_wants_them_and_the_room_knows() {
    let bench = Bench::new().await;
    let answer_to = Some(Address::new("familie@example.org"));
    bench.mail(Message { answer_to, ..mail("m1", "eins") }).await;
    assert!(text_of(&bench.hub.wait_for(2).await[1]).contains("familie@example.org"));
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
    let ancestors = vec![MessageId::new("m1")];
    bench.mail(Message { sender, ancestors, ..mail("m2", "zwei") }).await;
    assert!(text_of(&bench.hub.wait_for(3).await[2]).contains("did not take part"));
}

#[tokio::test]
async fn a_new_conversation_grows_from_its_command() {
    let bench = Bench::new().await;
    let command = "!new eva@example.org Ihr Antrag\nGuten Tag";
    bench.event(message("$n1", "@clerk:agency", command)).await;
    let sent = bench.post.wait_for(1).await;
    let Target::Remote { recipient, subject, message_id, .. } = &sent[0].target else {
        panic!("it goes to the far side")
    };
    assert_eq!((recipient.as_str(), subject.as_deref()), ("eva@example.org", Some("Ihr Antrag")));
    assert_eq!(text_of(&sent[0]), "Guten Tag");
    let ancestors = vec![message_id.clone()];
    bench.mail(Message { ancestors, ..mail("m1", "Danke") }).await;
    let shown = bench.hub.wait_for(2).await;
    assert_eq!((text_of(&shown[1]), thread_of(&shown[1])), ("Danke", Some("$n1")));
}

#[tokio::test]
async fn talk_outside_any_conversation_stays_inside() {
    let bench = Bench::new().await;
    bench.event(message("$t1", "@clerk:agency", "Wer übernimmt das?")).await;
    bench.event(message("$t2", "@clerk:agency", "!help")).await;
    let shown = bench.hub.wait_for(1).await;
    assert!(text_of(&shown[0]).contains("!resend"));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_put_aside_and_the_rest_goes_on() {
    let bench = Bench::new().await;
    let raw = |bytes: &'static [u8]| Item {
        raw: Raw { bytes: bytes.into(), lifted: Vec::new() },
        ..item(&mail(std::str::from_utf8(bytes).unwrap(), ""))
    };
    let items = vec![raw(b"panic"), raw(b"not a message"), item(&mail("m1", "eins"))];
    bench.accept(post(), items).await;
    let shown = bench.hub.wait_for(3).await;
    let aside = shown.iter().filter(|out| text_of(out).contains("put aside")).count();
    assert_eq!(aside, 2);
    assert!(shown.iter().any(|out| text_of(out) == "eins"));
}

#[tokio::test]
async fn a_restart_goes_on_where_the_process_ended() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.hub.wait_for(1).await;
    bench.hub.script(std::iter::repeat_n(DeliveryError::retry(Reason::new("delivery-time")), 1));
    let next = Message { ancestors: vec![MessageId::new("m1")], ..mail("m2", "zwei") };
    bench.mail(next).await;
    let bench = bench.restart().await;
    let shown = bench.hub.wait_for(1).await;
    assert_eq!((text_of(&shown[0]), thread_of(&shown[0])), ("zwei", Some("$event1")));
    assert_eq!(bench.accept(post(), vec![item(&mail("m2", "zwei"))]).await, [None]);
}

/// An attempt at the answer was cut short by the end of the process; after `errors` it succeeds
/// or is given up. What the clerk is told at last.
async fn told_after_death_and(errors: impl IntoIterator<Item = DeliveryError>) -> Outbound {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.hub.wait_for(1).await;
    let disk = bench.disk.clone();
    bench.post.hang();
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    bench.post.wait_until_hanging().await;
    bench.running.task.abort();
    let mut far = FakeWorker::default();
    far.idempotent = false;
    far.script(errors);
    let bench = Bench::on(disk, FakeWorker::default(), far).await;
    bench.hub.wait_for(1).await.remove(0)
}

#[tokio::test]
async fn the_doubt_that_an_interruption_leaves_outlasts_further_attempts() {
    let reason = || Reason::new("delivery-time");
    let soon = || DeliveryError::Retry { reason: reason(), after: Some(Duration::ZERO) };
    let told = told_after_death_and([soon(), soon()]).await;
    assert_eq!(state_of(&told), Some(State::Unknown), "{}", text_of(&told));
    let told = told_after_death_and([soon(), DeliveryError::refused(reason())]).await;
    assert_eq!(state_of(&told), Some(State::Unknown), "{}", text_of(&told));
}

#[tokio::test]
async fn an_invite_is_followed_only_from_the_list() {
    let bench = Bench::new().await;
    for (id, from) in [("$i1", "@eve:elsewhere"), ("$i2", "@clerk:agency")] {
        let mut invite = message(id, from, "");
        invite.act = Act::Invite;
        invite.room = Some(RoomId::new(format!("!room-of-{id}")));
        bench.accept(WorkerName::hub(), vec![item(&invite)]).await;
    }
    let made = bench.hub.wait_for(1).await;
    let Target::Room { room, .. } = &made[0].target else { panic!("a room is entered") };
    assert_eq!((room.as_str(), &made[0].form), ("!room-of-$i2", &Form::Join));
}

#[tokio::test]
async fn a_replaced_room_is_followed_with_a_new_thread() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.hub.wait_for(1).await;
    let mut moved = message("$t1", "@clerk:agency", "");
    moved.act = Act::Moved(RoomId::new("!new"));
    bench.event(moved).await;
    bench.hub.wait_for(2).await;
    let next = Message { ancestors: vec![MessageId::new("m1")], ..mail("m2", "zwei") };
    bench.mail(next).await;
    let shown = bench.hub.wait_for(3).await;
    let Target::Room { room, thread, .. } = &shown[2].target else { panic!("into a room") };
    assert_eq!((room.as_str(), thread), ("!new", &None));
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
