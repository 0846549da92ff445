//! What the pipeline and the spool would keep, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Cursor, Read, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use viadukt_api::inbox::{Durable, Intake, Raw, SourceKey};
use viadukt_api::{AcceptError, BlobRef, ItemId, Spool, SpoolWriter, WorkerName};

/// Accepts into memory. While `stuck` is set, `accept` never returns: what a hub does then is
/// lost with it, as if the process had been killed just before the commit. While `full` is set,
/// it accepts nothing.
#[derive(Default)]
pub struct MemoryDurable {
    inner: Mutex<Inner>,
    pub stuck: AtomicBool,
    pub full: AtomicBool,
    pub offered: AtomicU64,
    pub repeated: AtomicU64,
}

#[derive(Clone, Default)]
struct Inner {
    keys: HashSet<SourceKey>,
    accepted: Vec<Raw>,
    keep: BTreeMap<String, Vec<u8>>,
}

impl MemoryDurable {
    pub fn accepted(&self) -> Vec<Raw> {
        self.inner.lock().unwrap().accepted.clone()
    }

    /// Another memory with the same content.
    pub fn copy(&self) -> Self {
        let inner = self.inner.lock().unwrap().clone();
        Self { inner: Mutex::new(inner), ..Self::default() }
    }

    pub fn keep(&self) -> BTreeMap<String, Vec<u8>> {
        self.inner.lock().unwrap().keep.clone()
    }

    pub fn set_keep(&self, key: &str, value: Option<Vec<u8>>) {
        let keep = &mut self.inner.lock().unwrap().keep;
        match value {
            Some(value) => drop(keep.insert(key.to_owned(), value)),
            None => drop(keep.remove(key)),
        }
    }
}

#[async_trait]
impl Durable for MemoryDurable {
    async fn accept(
        &self,
        _: &WorkerName,
        intake: Intake,
    ) -> Result<Vec<Option<ItemId>>, AcceptError> {
        self.offered.fetch_add(intake.items.len() as u64, Ordering::SeqCst);
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.full.load(Ordering::SeqCst) {
            return Err(AcceptError::Full("for a test".into()));
        }
        let mut inner = self.inner.lock().unwrap();
        let mut ids = Vec::new();
        for item in intake.items {
            if item.keys.iter().any(|key| inner.keys.contains(key)) {
                self.repeated.fetch_add(1, Ordering::SeqCst);
                ids.push(None);
                continue;
            }
            inner.keys.extend(item.keys);
            inner.accepted.push(item.raw);
            ids.push(Some(ItemId((inner.accepted.len() as u128).into())));
        }
        for (key, value) in intake.keep {
            assert!(key.len() <= 200, "a kept key is too long");
            assert!(value.as_ref().is_none_or(|v| v.len() <= 3072), "a kept value is too long");
            match value {
                Some(value) => inner.keep.insert(key, value),
                None => inner.keep.remove(&key),
            };
        }
        Ok(ids)
    }

    fn seen(&self, _: &WorkerName, key: &SourceKey) -> Result<bool, AcceptError> {
        Ok(self.inner.lock().unwrap().keys.contains(key))
    }

    fn kept(&self, _: &WorkerName, key: &str) -> Result<Option<Vec<u8>>, AcceptError> {
        Ok(self.inner.lock().unwrap().keep.get(key).cloned())
    }

    fn kept_under(
        &self,
        _: &WorkerName,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, AcceptError> {
        let inner = self.inner.lock().unwrap();
        let under = inner.keep.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(under.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

type Blobs = Arc<Mutex<HashMap<BlobRef, Arc<Vec<u8>>>>>;

/// A spool in memory. Names are numbers: nothing here depends on them being hashes.
#[derive(Default)]
pub struct MemorySpool {
    blobs: Blobs,
}

struct Writer {
    blobs: Blobs,
    bytes: Vec<u8>,
}

impl Spool for MemorySpool {
    fn create(&self) -> io::Result<Box<dyn SpoolWriter>> {
        Ok(Box::new(Writer { blobs: self.blobs.clone(), bytes: Vec::new() }))
    }

    fn open(&self, blob: &BlobRef) -> io::Result<Box<dyn Read + Send>> {
        let blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = blobs.get(blob).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(bytes.as_ref().clone())))
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpoolWriter for Writer {
    fn finish(self: Box<Self>) -> io::Result<BlobRef> {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&(blobs.len() as u64).to_be_bytes());
        let blob = BlobRef { hash, size: self.bytes.len() as u64 };
        blobs.insert(blob.clone(), Arc::new(self.bytes));
        Ok(blob)
    }
}
