//! What a feed does as time goes by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use viadukt_api::contract::{Memory as Store, context, parse};
use viadukt_api::{Clock, Timestamp};
use viadukt_testservers::{Reply, StandIn};

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A feed, the server that it asks, and the clock that it looks at.
struct Bench {
    server: StandIn,
    feed: Feed,
    durable: Arc<Store>,
    clock: Arc<Hands>,
}

/// A clock that is set by hand.
struct Hands(AtomicU64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

impl Bench {
    async fn start(options: &str) -> Self {
        let server = StandIn::start().await.unwrap();
        let url = server.url();
        let toml = format!("url = '{url}'\nnetworks = ['127.0.0.0/8']\n{options}");
        let (options, findings) = parse(&toml, "", Options::parse);
        assert_eq!(findings, [""; 0]);
        let durable = Arc::<Store>::default();
        let clock = Arc::new(Hands(AtomicU64::new(1_795_521_540_000)));
        let mut context = context(&"haus".parse().unwrap(), &durable);
        context.env.clock = clock.clone();
        let feed = options.unwrap().feed("news", &context).unwrap();
        Self { server, feed, durable, clock }
    }

    /// Asks after `span`, is answered with `reply`, and gives the pause that follows.
    async fn look(&self, span: Duration, reply: Reply) -> Result<Duration, AcceptError> {
        self.clock.0.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
        self.server.answer(reply);
        let inbox = Inbox::new("haus".parse().unwrap(), self.durable.clone());
        self.feed.look(&inbox, &CancellationToken::new()).await
    }

    /// What the room reads: titles of entries, and keys of what is told.
    fn shown(&self) -> Vec<String> {
        let items = self.durable.items();
        let received = items.iter().map(|item| Received::from_raw(&item.raw).unwrap());
        let notices = received.map(|received| self.feed.reader.read(&received).unwrap());
        notices.map(|n| n.tell.map_or(n.content.text, |reason| reason.key)).collect()
    }
}

fn listing(titles: &[&str]) -> Reply {
    let items = titles.iter().map(|t| format!("<item><guid>{t}</guid><title>{t}</title></item>"));
    let items: String = items.collect();
    Reply::with(200, &[], format!("<rss version='2.0'><channel>{items}</channel></rss>"))
}

fn moved(place: &str) -> Reply {
    Reply::with(301, &[("location", place)], "")
}

#[tokio::test]
async fn a_feed_that_is_broken_for_a_day_is_told_about_once() {
    let bench = Bench::start("").await;
    bench.look(HOUR, Reply::status(503)).await.unwrap();
    bench.look(DAY, Reply::status(503)).await.unwrap();
    assert_eq!(bench.shown(), [""; 0], "not yet");
    bench.look(HOUR, Reply::status(503)).await.unwrap();
    bench.look(HOUR, Reply::with(200, &[], "no feed")).await.unwrap();
    assert_eq!(bench.shown(), ["feed-refused"], "although it was never read");
    bench.look(HOUR, listing(&["old"])).await.unwrap();
    bench.look(HOUR, listing(&["old", "new"])).await.unwrap();
    assert_eq!(bench.shown(), ["feed-refused", "new"], "what it lists at first is not new");
    bench.look(HOUR, Reply::status(503)).await.unwrap();
    bench.look(DAY + HOUR, Reply::status(503)).await.unwrap();
    assert_eq!(bench.shown()[2..], ["feed-refused"], "another time is told again");
}

#[tokio::test]
async fn each_place_that_a_feed_moves_to_is_told_once() {
    let bench = Bench::start("").await;
    for place in ["/a", "/a", "/login?to=1", "/login?to=2", "/a"] {
        bench.look(HOUR, moved(&format!("https://amt.example{place}"))).await.unwrap();
    }
    assert_eq!(bench.shown(), ["feed-moved", "feed-moved"]);
}

#[tokio::test]
async fn an_entry_is_remembered_for_thirty_days_after_it_has_left_the_feed() {
    let bench = Bench::start("").await;
    let known = || bench.feed.memory.entries().unwrap().into_keys().count();
    bench.look(HOUR, listing(&["a", "b"])).await.unwrap();
    bench.look(DAY * 365, listing(&["a", "b"])).await.unwrap();
    assert_eq!(known(), 2, "as long as they are listed");
    bench.look(HOUR, listing(&["b"])).await.unwrap();
    bench.look(DAY * 30, listing(&["b"])).await.unwrap();
    assert_eq!(known(), 2);
    bench.look(HOUR, listing(&["a", "b"])).await.unwrap();
    assert_eq!(bench.shown(), [""; 0], "it is known again");
    bench.look(HOUR, listing(&["b"])).await.unwrap();
    bench.look(DAY * 31, listing(&["b"])).await.unwrap();
    assert_eq!(known(), 1);
}

#[tokio::test]
async fn a_feed_is_left_alone_for_as_long_as_it_wants_up_to_a_day() {
    let bench = Bench::start("interval = '10m'").await;
    let busy = |seconds| Reply::with(503, &[("retry-after", seconds)], "");
    assert_eq!(bench.look(HOUR, busy("7200")).await.unwrap(), HOUR * 2);
    assert_eq!(bench.look(HOUR, busy("1")).await.unwrap(), HOUR / 6);
    assert_eq!(bench.look(HOUR, busy("1000000000")).await.unwrap(), DAY);
    let ttl = "<rss version='2.0'><channel><ttl>60</ttl></channel></rss>";
    bench.look(HOUR, Reply::with(200, &[], ttl)).await.unwrap();
    assert_eq!(bench.look(HOUR, Reply::status(304)).await.unwrap(), HOUR);
}

#[tokio::test]
async fn what_there_is_no_room_for_is_shown_later() {
    let bench = Bench::start("").await;
    bench.look(HOUR, listing(&["a"])).await.unwrap();
    bench.durable.refuse(true);
    let refused = bench.look(HOUR, listing(&["a", "b"])).await;
    assert!(matches!(refused, Err(AcceptError::Full(_))), "{refused:?}");
    bench.durable.refuse(false);
    bench.look(HOUR, listing(&["a", "b"])).await.unwrap();
    assert_eq!(bench.shown(), ["b"]);
}
