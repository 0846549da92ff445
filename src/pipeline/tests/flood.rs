//! Too many messages of machines at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use viadukt_api::{Attachment, BlobRef, Media, Severity, Spool, SpoolWriter};

use super::bench::*;
use super::matters::{editing, over, report, setup};
use crate::config::{Flood, Rules};

fn braked(rules: &mut Rules) {
    rules.notices.flood = Flood { most: 2, span: 5 * MINUTE };
}

/// What a machine says once.
fn event(n: usize) -> Message {
    Message { matter: None, ..report(&format!("e{n}"), "none", &format!("event {n}\nmore {n}")) }
}

async fn flooded() -> Bench {
    let bench = Bench::of(setup(braked)).await;
    for n in 0..6 {
        bench.mail(event(n)).await;
    }
    bench.hub.wait_for(2).await;
    bench
}

fn attached(out: &Outbound) -> &[Attachment] {
    match &out.form {
        Form::Say { content, .. } => &content.attachments,
        _ => &[],
    }
}

fn full_text(bench: &Bench, out: &Outbound) -> String {
    let Media::Spooled(blob) = &attached(out)[0].media else { panic!("in the spool") };
    let bytes = bench.pipeline.ledger.spool().get(blob, 1_000_000).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_shown_together_when_the_time_is_over() {
    let bench = flooded().await;
    pass(4 * MINUTE).await;
    assert_eq!(bench.hub.delivered().len(), 2);
    pass(2 * MINUTE).await;
    let made = bench.hub.wait_for(3).await;
    let text = text_of(&made[2]);
    assert!(text.starts_with("4 messages came in a short time"), "{text}");
    let first: Vec<_> = text.lines().skip(1).map(|line| &line[6..]).collect();
    assert_eq!(first, ["event 2", "event 3", "event 4", "event 5"]);
    let full = full_text(&bench, &made[2]);
    assert!((2..6).all(|n| full.contains(&format!("event {n}\nmore {n}\n"))), "{full}");
    assert_eq!(thread_of(&made[2]), Some("$event1"));
    // Then it may bring as much again, and a single one too many is shown as it is.
    for n in 6..9 {
        bench.mail(event(n)).await;
    }
    bench.hub.wait_for(5).await;
    pass(6 * MINUTE).await;
    assert_eq!(text_of(&bench.hub.wait_for(6).await[5]), "event 8\nmore 8");
}

#[tokio::test(start_paused = true)]
async fn what_says_nothing_new_is_no_flood() {
    let bench = Bench::of(setup(braked)).await;
    for n in 0..9 {
        bench.mail(report(&format!("r{n}"), "disk", "disk 90 %")).await;
    }
    bench.mail(event(1)).await;
    assert_eq!(text_of(&bench.hub.wait_for(2).await[1]), "event 1\nmore 1");
}

#[tokio::test(start_paused = true)]
async fn a_restart_shows_it_when_it_would_have_been() {
    let bench = flooded().await;
    // Until they are routed; they show nowhere.
    pass(MINUTE).await;
    let setup = Setup { disk: bench.disk.clone(), clock: bench.clock.clone(), ..setup(braked) };
    let bench = bench.restart_as(setup).await;
    bench.mail(event(6)).await;
    pass(3 * MINUTE).await;
    assert!(bench.hub.delivered().is_empty());
    pass(2 * MINUTE).await;
    let made = bench.hub.wait_for(1).await;
    assert!(text_of(&made[0]).starts_with("5 messages"), "{}", text_of(&made[0]));
}

#[tokio::test(start_paused = true)]
async fn what_is_critical_and_what_people_write_does_not_wait() {
    let bench = flooded().await;
    bench.mail(Message { severity: Some(Severity::Critical), ..event(7) }).await;
    bench.mail(Message { automatic: None, ..event(8) }).await;
    let made = bench.hub.wait_for(4).await;
    let made: Vec<_> = made[2..].iter().map(text_of).collect();
    assert_eq!(made, ["event 7\nmore 7", "event 8\nmore 8"]);
}

#[tokio::test(start_paused = true)]
async fn of_what_goes_on_the_latest_word_arrives_where_it_is_shown() {
    let bench = Bench::of(setup(braked)).await;
    bench.mail(report("a1", "disk", "disk 1 %")).await;
    bench.hub.wait_for(1).await;
    bench.mail(report("a2", "disk", "disk 2 %")).await;
    bench.hub.wait_for(2).await;
    for n in 3..9 {
        bench.mail(report(&format!("a{n}"), "disk", &format!("disk {n} %"))).await;
    }
    // These begin during the flood.
    bench.mail(report("b1", "load", "load 1")).await;
    bench.mail(report("c1", "heat", "heat 1")).await;
    bench.mail(over(report("b2", "load", "load 2"))).await;
    pass(6 * MINUTE).await;
    let made = bench.hub.wait_for(4).await;
    let mut texts: Vec<_> = made.iter().map(text_of).collect();
    assert_eq!(texts.remove(0), "disk 1 %");
    let is_edit = |out: &&Outbound| matches!(out.form, Form::Edit { automatic: true, .. });
    let edit = made.iter().rfind(is_edit).unwrap();
    assert_eq!(text_of(edit), "disk 8 %");
    let digest = made.iter().find(|out| text_of(out).starts_with("2 messages")).unwrap();
    let full = full_text(&bench, digest);
    assert!(full.contains("heat 1") && full.contains("Resolved:\nload 2"), "{full}");
    assert!(!full.contains("load 1") && !full.contains("disk"), "{full}");
    // What goes on is shown by itself from now on.
    bench.mail(report("c2", "heat", "heat 2")).await;
    let next = bench.hub.wait_for(5).await;
    assert_eq!(text_of(&next[4]), "heat 2");
    assert!(matches!(next[4].form, Form::Say { .. }));
}

/// A spool that can be full.
struct Brim {
    spool: Arc<dyn Spool>,
    full: AtomicBool,
}

impl Spool for Brim {
    fn create(&self) -> io::Result<Box<dyn SpoolWriter>> {
        match self.full.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => self.spool.create(),
        }
    }

    fn open(&self, blob: &BlobRef) -> io::Result<Box<dyn io::Read + Send>> {
        self.spool.open(blob)
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_spool_puts_it_off_and_loses_nothing() {
    let over = |spool| Arc::new(Brim { spool, full: AtomicBool::new(true) });
    let (disk, spool) = Disk::new().behind(over);
    let bench = Bench::of(Setup { disk, ..setup(braked) }).await;
    for n in 0..6 {
        bench.mail(event(n)).await;
    }
    pass(10 * MINUTE).await;
    assert_eq!(bench.hub.delivered().len(), 2);
    spool.full.store(false, Ordering::Relaxed);
    pass(2 * MINUTE).await;
    assert!(text_of(&bench.hub.wait_for(3).await[2]).starts_with("4 messages"));
}

#[tokio::test(start_paused = true)]
async fn what_is_attached_comes_along() {
    let bench = flooded().await;
    let blob = bench.pipeline.ledger.spool().put(b"a picture").unwrap();
    let mut picture = event(7);
    picture.content.attachments.push(Attachment {
        name: "chart.png".to_owned(),
        mime: "image/png".to_owned(),
        size: None,
        media: Media::Spooled(blob.clone()),
    });
    bench.mail(picture).await;
    pass(MINUTE).await;
    assert!(bench.pipeline.ledger.live_blobs().unwrap().contains(&blob.hash));
    pass(5 * MINUTE).await;
    let made = bench.hub.wait_for(3).await;
    let names: Vec<_> = attached(&made[2]).iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["messages.txt", "chart.png"]);
}

#[tokio::test(start_paused = true)]
async fn the_way_of_each_says_what_shows_it() {
    let bench = Bench::of(Setup { hub: editing(), ..Setup::ruled(braked) }).await;
    let ids = bench.accept(post(), (0..4).map(|n| item(&event(n))).collect()).await;
    pass(6 * MINUTE).await;
    bench.hub.wait_for(3).await;
    for id in &ids[2..] {
        let trail = bench.pipeline.ledger.trail(id.unwrap()).unwrap();
        let into = |way: &crate::ledger::Way| matches!(way, crate::ledger::Way::Gathered { .. });
        assert!(trail.iter().any(|step| into(&step.way)), "{trail:?}");
    }
}
