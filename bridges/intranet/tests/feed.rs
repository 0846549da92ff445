//! Feeds against a server of the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use viadukt_api::contract::{Memory, context, eventually, section};
use viadukt_api::{Act, Health, Inbox, Message, Section, Worker};
use viadukt_intranet::Intranet;
use viadukt_testservers::{Reply, StandIn};

/// A feed, and a bridge that asks it.
struct Bench {
    server: StandIn,
    section: Box<dyn Section>,
    worker: Arc<dyn Worker>,
    durable: Arc<Memory>,
}

impl Bench {
    async fn start(options: &str) -> Self {
        let server = StandIn::start().await.unwrap();
        let toml = format!(
            "[systems.news]\nspeaks = 'feed'\nurl = '{}/feed'\nnetworks = ['127.0.0.0/8']\n{options}",
            server.url()
        );
        let name = "haus".parse().unwrap();
        let durable = Arc::<Memory>::default();
        let section = section(&Intranet, &name, &toml);
        let worker = section.build(context(&name, &durable)).await.unwrap();
        Self { server, section, worker, durable }
    }

    /// The bridge starts, asks once, is answered with `reply`, and stops.
    async fn look(&mut self, reply: Reply) {
        self.server.answer(reply);
        let name = "haus".parse().unwrap();
        self.worker = self.section.build(context(&name, &self.durable)).await.unwrap();
        let stop = CancellationToken::new();
        let inbox = Inbox::new(name, self.durable.clone());
        let (worker, token) = (Arc::clone(&self.worker), stop.clone());
        let running = tokio::spawn(async move { worker.run(inbox, token).await });
        let new = Health::Down("news: not asked yet".to_owned());
        eventually("the feed was read", || async { self.worker.health() != new }).await;
        stop.cancel();
        running.await.unwrap().unwrap();
    }

    fn messages(&self) -> Vec<Message> {
        let items = self.durable.items();
        items.iter().map(|item| self.worker.normalise(&item.raw).unwrap()).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.messages().into_iter().map(|message| message.content.text).collect()
    }
}

/// A feed that lists `entries`, given as ids and titles, the newest first.
fn rss(entries: &[(&str, &str)]) -> Reply {
    let item = |(id, title): &(&str, &str)| {
        format!("<item><guid>{id}</guid><title>{title}</title></item>")
    };
    let items: String = entries.iter().map(item).collect();
    let rss = format!("<rss version='2.0'><channel><title>Amt</title>{items}</channel></rss>");
    Reply::with(200, &[], rss)
}

#[tokio::test]
async fn entries_are_neither_lost_nor_replayed() {
    let mut bench = Bench::start("").await;
    bench.look(rss(&[("1", "old")])).await;
    assert_eq!(bench.texts(), [""; 0], "what was there before is not shown");
    bench.look(rss(&[("3", "c"), ("2", "b"), ("1", "old")])).await;
    assert_eq!(bench.texts(), ["b", "c"]);
    bench.look(rss(&[("3", "c")])).await;
    bench.look(rss(&[("3", "c"), ("2", "b"), ("1", "old")])).await;
    assert_eq!(bench.texts(), ["b", "c"], "what comes back is known");
    bench.look(Reply::status(503)).await;
    bench.look(rss(&[("4", "d"), ("3", "c")])).await;
    assert_eq!(bench.texts(), ["b", "c", "d"]);
}

#[tokio::test]
async fn a_changed_entry_changes_its_message_or_is_let_be() {
    for (updates, expected) in [("edit", &["a", "a, corrected"][..]), ("ignore", &["a"])] {
        let mut bench = Bench::start(&format!("start = 'all'\nupdates = '{updates}'")).await;
        bench.look(rss(&[("1", "a")])).await;
        bench.look(rss(&[("1", "a, corrected")])).await;
        bench.look(rss(&[("1", "a, corrected")])).await;
        assert_eq!(bench.texts(), expected, "{updates}");
        let ids: Vec<_> = bench.messages().into_iter().map(|m| m.matter.map(|m| m.id)).collect();
        assert_eq!(ids[0].is_some(), updates == "edit");
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let mut bench = Bench::start("").await;
    bench
        .look(Reply::with(200, &[("etag", "\"v1\"")], "<rss version='2.0'><channel/></rss>"))
        .await;
    bench.look(Reply::status(304)).await;
    let requests = bench.server.requests();
    assert_eq!(requests[1].header("if-none-match"), Some("\"v1\""));
}

#[tokio::test]
async fn a_feed_that_has_moved_is_told_about_once_and_not_followed() {
    let mut bench = Bench::start("").await;
    bench.look(rss(&[])).await;
    for _ in 0..2 {
        bench.look(Reply::with(301, &[("location", "http://127.0.0.1:1/x")], "")).await;
    }
    let messages = bench.messages();
    assert_eq!(messages.len(), 1);
    let Act::Tell(reason) = &messages[0].act else { panic!("{:?}", messages[0].act) };
    assert_eq!(reason.key, "feed-moved");
}

#[tokio::test]
async fn a_feed_that_is_too_large_or_none_is_in_nobodys_way() {
    let mut bench = Bench::start("max_size = '1 KB'").await;
    bench.look(rss(&[])).await;
    bench.look(Reply::with(200, &[], "x".repeat(10_000))).await;
    bench.look(Reply::with(200, &[], "<html></html>")).await;
    bench.look(rss(&[("1", "a")])).await;
    assert_eq!(bench.texts(), ["a"]);
}

#[tokio::test]
async fn a_feed_has_a_template_rules_and_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let template = file("news.j2", "*News*: {{ title }} {{ 'more' | link(link) }}");
    let example = file("news.xml", "<rss version='2.0'><channel><item/></channel></rss>");
    let options = format!(
        "start = 'all'\ntemplate_file = '{template}'\nexample_file = '{example}'\n\
         severity = \"'warning' if 'closed' in title else 'info'\""
    );
    let mut bench = Bench::start(&options).await;
    bench.look(rss(&[("1", "closed on *Friday*")])).await;
    let [message] = <[_; 1]>::try_from(bench.messages()).unwrap();
    assert_eq!(message.content.text, "News: closed on *Friday* more");
    assert_eq!(message.severity, Some(viadukt_api::Severity::Warning));

    let over = Bench::start("expires = '2020-01-01'\nowner = 'Anna'").await;
    let inbox = Inbox::new("haus".parse().unwrap(), over.durable.clone());
    let stop = CancellationToken::new();
    let (worker, token) = (Arc::clone(&over.worker), stop.clone());
    let running = tokio::spawn(async move { worker.run(inbox, token).await });
    over.durable.wait_for(1).await;
    assert_eq!(over.worker.health(), Health::Up);
    stop.cancel();
    running.await.unwrap().unwrap();
    let Act::Tell(reason) = &over.messages()[0].act else { panic!("no warning") };
    assert_eq!(reason.key, "intranet-hook-expires-owned");
    assert_eq!(over.server.requests().len(), 0, "nobody asks it any more");
}
