//! What every kind of store must do. A kind's own tests call [`suite`].

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::{Batch, MAX_KEY, MAX_VALUE, Row, Snapshot, Space, Store, StoreError};

/// Runs every check, each on a fresh store that `open` gives.
pub(super) async fn suite(open: impl AsyncFn() -> Arc<dyn Store>) {
    puts_gets_and_removes(&*open().await).await;
    later_writes_of_a_batch_win(&*open().await).await;
    keeps_spaces_apart(&*open().await).await;
    scans_in_order(&*open().await).await;
    applies_whole_batches_or_nothing(&*open().await).await;
    requires_absence(&*open().await).await;
    takes_the_longest_and_refuses_longer(&*open().await).await;
    accepts_an_empty_batch(&*open().await).await;
    commits_concurrently(open().await).await;
    lets_one_of_many_rivals_win(open().await).await;
    shows_what_was_there_while_it_goes_on(&*open().await).await;
}

fn put(space: Space, key: &[u8], value: &[u8]) -> Batch {
    let mut batch = Batch::default();
    batch.put(space, key, value);
    batch
}

fn keys(store: &dyn Store, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Vec<u8>> {
    let entries = store.scan(Space::Map, prefix, after, limit).unwrap();
    entries.into_iter().map(|(key, _)| key).collect()
}

async fn puts_gets_and_removes(store: &dyn Store) {
    assert_eq!(store.get(Space::Map, b"k").unwrap(), None);
    store.commit(put(Space::Map, b"k", b"one")).await.unwrap();
    assert_eq!(store.get(Space::Map, b"k").unwrap().unwrap(), b"one");
    store.commit(put(Space::Map, b"k", b"two")).await.unwrap();
    assert_eq!(store.get(Space::Map, b"k").unwrap().unwrap(), b"two");
    store.commit(put(Space::Map, b"k", b"")).await.unwrap();
    assert_eq!(store.get(Space::Map, b"k").unwrap().unwrap(), b"");
    let mut batch = Batch::default();
    batch.remove(Space::Map, "k");
    batch.remove(Space::Map, "never was");
    store.commit(batch).await.unwrap();
    assert_eq!(store.get(Space::Map, b"k").unwrap(), None);
}

async fn later_writes_of_a_batch_win(store: &dyn Store) {
    let mut batch = put(Space::Map, b"k", b"one");
    batch.put(Space::Map, "k", "two");
    batch.put(Space::Map, "gone", "soon");
    batch.remove(Space::Map, "gone");
    store.commit(batch).await.unwrap();
    assert_eq!(store.get(Space::Map, b"k").unwrap().unwrap(), b"two");
    assert_eq!(store.get(Space::Map, b"gone").unwrap(), None);
}

async fn keeps_spaces_apart(store: &dyn Store) {
    for space in Space::ALL {
        store.commit(put(space, b"shared", &[space as u8])).await.unwrap();
    }
    for space in Space::ALL {
        assert_eq!(store.get(space, b"shared").unwrap().unwrap(), [space as u8]);
        let entries = store.scan(space, b"shared", None, 99).unwrap();
        assert_eq!(entries, [(b"shared".to_vec(), vec![space as u8])]);
    }
    // A scan of everything ends where the space ends: what an export needs.
    assert_eq!(store.scan(Space::Keep, b"", None, 99).unwrap().len(), 1);
}

async fn scans_in_order(store: &dyn Store) {
    let mut batch = Batch::default();
    for key in [&b"b\xff"[..], b"a", b"b\x00", b"c", b"b", b"bb", b"\xff\xff", b""] {
        batch.put(Space::Map, key, key);
    }
    store.commit(batch).await.unwrap();
    let all = [&b""[..], b"a", b"b", b"b\x00", b"bb", b"b\xff", b"c", b"\xff\xff"];
    assert_eq!(keys(store, b"", None, 99), all);
    assert_eq!(keys(store, b"b", None, 99), [&b"b"[..], b"b\x00", b"bb", b"b\xff"]);
    assert_eq!(keys(store, b"b", Some(b"b"), 2), [&b"b\x00"[..], b"bb"]);
    assert_eq!(keys(store, b"b", Some(b"ba"), 99), [&b"bb"[..], b"b\xff"]);
    assert_eq!(keys(store, b"b", Some(b"a"), 1), [&b"b"[..]]);
    assert_eq!(keys(store, b"b", Some(b"c"), 99), [&b""[..]; 0]);
    assert_eq!(keys(store, b"", Some(b"\xff\xff"), 99), [&b""[..]; 0]);
    assert_eq!(keys(store, b"", None, 0), [&b""[..]; 0]);
    for (key, value) in store.scan(Space::Map, b"", None, 99).unwrap() {
        assert_eq!(key, value);
    }
}

async fn applies_whole_batches_or_nothing(store: &dyn Store) {
    store.commit(put(Space::Map, b"taken", b"")).await.unwrap();
    let mut batch = put(Space::Journal, b"k", b"v");
    batch.remove(Space::Map, "taken");
    batch.require_absent(Space::Dedupe, "free");
    batch.require_absent(Space::Map, "taken");
    assert!(matches!(store.commit(batch).await, Err(StoreError::Conflict)));
    assert_eq!(store.get(Space::Journal, b"k").unwrap(), None);
    assert_eq!(store.get(Space::Map, b"taken").unwrap().unwrap(), b"");
}

async fn requires_absence(store: &dyn Store) {
    let mut once = put(Space::Dedupe, b"event", b"seen");
    once.require_absent(Space::Dedupe, "event");
    store.commit(once.clone()).await.unwrap();
    assert!(matches!(store.commit(once.clone()).await, Err(StoreError::Conflict)));
    let mut removal = Batch::default();
    removal.remove(Space::Dedupe, "event");
    store.commit(removal).await.unwrap();
    store.commit(once).await.unwrap();
}

async fn takes_the_longest_and_refuses_longer(store: &dyn Store) {
    let (key, value) = (vec![7; MAX_KEY], vec![8; MAX_VALUE]);
    store.commit(put(Space::Map, &key, &value)).await.unwrap();
    assert_eq!(store.get(Space::Map, &key).unwrap().unwrap(), value);

    let mut batch = put(Space::Map, b"beside", b"v");
    batch.put(Space::Map, "k", vec![8; MAX_VALUE + 1]);
    let refused = store.commit(batch).await;
    assert!(matches!(refused, Err(StoreError::TooLong { what: "value", bytes: 4097 })));
    assert_eq!(store.get(Space::Map, b"beside").unwrap(), None);
    let refused = store.commit(put(Space::Map, &[7; MAX_KEY + 1], b"")).await;
    assert!(matches!(refused, Err(StoreError::TooLong { what: "key", bytes: 513 })));
}

async fn accepts_an_empty_batch(store: &dyn Store) {
    store.commit(Batch::default()).await.unwrap();
    store.commit(Batch { intake: true, ..Batch::default() }).await.unwrap();
}

async fn commits_concurrently(store: Arc<dyn Store>) {
    let writers = (0..16u8).map(|writer| {
        let store = Arc::clone(&store);
        async move {
            for number in 0..20u8 {
                let key = [writer, number];
                let mut batch = put(Space::Journal, &key, &key);
                batch.put(Space::Outbox, key, key);
                store.commit(batch).await.unwrap();
                assert_eq!(store.get(Space::Outbox, &key).unwrap().unwrap(), key);
            }
        }
    });
    futures_util::future::join_all(writers).await;
    for space in [Space::Journal, Space::Outbox] {
        assert_eq!(store.scan(space, b"", None, 999).unwrap().len(), 16 * 20);
    }
}

async fn lets_one_of_many_rivals_win(store: Arc<dyn Store>) {
    let rivals = (0..32u8).map(|rival| {
        let mut batch = put(Space::Dedupe, b"event", &[rival]);
        batch.require_absent(Space::Dedupe, "event");
        batch.put(Space::Journal, [rival], "won");
        store.commit(batch)
    });
    let verdicts = futures_util::future::join_all(rivals).await;
    let winners = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    let losers = verdicts.iter().filter(|v| matches!(v, Err(StoreError::Conflict))).count();
    assert_eq!((winners, losers), (1, 31));
    let winner = store.get(Space::Dedupe, b"event").unwrap().unwrap();
    let written = store.scan(Space::Journal, b"", None, 99).unwrap();
    assert_eq!(written, [(winner, b"won".to_vec())]);
}

fn rest(snapshot: &mut dyn Snapshot, limit: usize) -> Vec<Row> {
    let page = || Some(snapshot.next(limit).unwrap()).filter(|page| !page.is_empty());
    std::iter::from_fn(page).flatten().collect()
}

async fn shows_what_was_there_while_it_goes_on(store: &dyn Store) {
    for space in Space::ALL {
        for number in 0..9u8 {
            let mut batch = put(space, &[number], &[space as u8, number]);
            batch.remove(space, [number, 0]);
            store.commit(batch).await.unwrap();
        }
    }
    let before = rest(&mut *store.snapshot().unwrap(), 7);
    let mut order: Vec<_> = before.iter().map(|row| (row.space, row.key.clone())).collect();
    order.sort();
    assert!(order.iter().zip(&before).all(|(at, row)| *at == (row.space, row.key.clone())));
    assert!(before.len() >= Space::ALL.len() * 9, "{} rows", before.len());

    // Everything is changed under two snapshots, one of them half read.
    let (mut read, mut unread) = (store.snapshot().unwrap(), store.snapshot().unwrap());
    let mut shown = read.next(70).unwrap();
    for space in Space::ALL {
        for number in 0..9u8 {
            let mut batch = put(space, &[number, 1], b"new");
            match number % 3 {
                0 => batch.remove(space, [number]),
                1 => batch.put(space, [number], "changed"),
                _ => {}
            }
            store.commit(batch).await.unwrap();
        }
        store.commit(put(space, &[4], b"changed again")).await.unwrap();
        shown.extend(read.next(3).unwrap());
    }
    shown.extend(rest(&mut *read, 1));
    assert_eq!(shown, before);
    assert_eq!(rest(&mut *unread, 1000), before);
    let after = rest(&mut *store.snapshot().unwrap(), 50);
    assert_eq!(after.len(), before.len() + Space::ALL.len() * (9 - 3));
}
