//! What readers see without asking the database: every user's generation, and the hot map of finished
//! answers, bounded in bytes.
//!
//! Invariant: a generation is advanced after its commit is durable and before anybody is answered, and an
//! entry is served only if it is of that generation or a later one. So no acknowledged write is unseen, in
//! whatever order entries arrive.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, EntryAction, EntryResult};
use tokio::sync::watch;

use super::{Basis, Finished};
use crate::domain::ids::{Generation, UserId};

/// A finished answer, ready to be sent.
#[derive(Debug)]
pub struct Entry {
    pub finished: Finished,
    /// The entity tag of the body, with its quotes.
    pub etag: Bytes,
    /// Made when the first reader takes it, and kept as long as the entry.
    compressed: OnceLock<Option<Compressed>>,
}

/// The body compressed with gzip, with an entity tag of its own.
#[derive(Clone, Debug)]
pub struct Compressed {
    pub body: Bytes,
    pub etag: Bytes,
}

/// Smaller bodies fit into one packet anyway.
const COMPRESSED_BODY_BYTES_MIN: usize = 1_024;

impl Entry {
    /// `tag` is what stands between the quotes of the entity tag.
    pub fn new(finished: Finished, tag: &str) -> Entry {
        Entry { finished, etag: format!("\"{tag}\"").into(), compressed: OnceLock::new() }
    }

    /// The compressed body; `None` where compressing does not pay.
    pub fn compressed(&self) -> Option<&Compressed> {
        self.compressed.get_or_init(|| self.compress()).as_ref()
    }

    fn compress(&self) -> Option<Compressed> {
        let body = &self.finished.body;
        if body.len() < COMPRESSED_BODY_BYTES_MIN {
            return None;
        }
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
        encoder.write_all(body).ok()?;
        let compressed = encoder.finish().ok()?;
        let tag = self.etag.strip_suffix(b"\"")?;
        let smaller = compressed.len() < body.len();
        smaller.then(|| Compressed { body: compressed.into(), etag: [tag, b"-gzip\""].concat().into() })
    }
}

/// Stands in for the generation of a user who was removed: no entry is of that one or a later one, and ids are not
/// given again.
const REMOVED: Generation = Generation(u64::MAX);

/// What an entry costs beside its body: the structs, the tag, the map's own bookkeeping.
const ENTRY_OVERHEAD_BYTES: u64 = 256;

#[derive(Clone)]
struct BytesOfEntry;

impl Weighter<UserId, Arc<Entry>> for BytesOfEntry {
    fn weight(&self, _: &UserId, entry: &Arc<Entry>) -> u64 {
        // The compressed body is made later and must not change the weight; JSON shrinks to a third at least.
        let body = entry.finished.body.len() as u64;
        body + body / 3 + ENTRY_OVERHEAD_BYTES
    }
}

/// The published state of all users.
pub struct Published {
    generations: papaya::HashMap<UserId, Generation>,
    entries: Cache<UserId, Arc<Entry>, BytesOfEntry>,
    /// Who wants to be told of a user's commits; only users that somebody listens to are in it.
    listeners: Mutex<HashMap<UserId, watch::Sender<Generation>>>,
}

impl Published {
    /// `hot_bytes_max` bounds the bodies in the hot map, with their overhead.
    pub fn new(hot_bytes_max: u64) -> Published {
        // The count only sizes the map's first allocation and its ghost list.
        let entries_estimate = usize::try_from(hot_bytes_max / 16_384).unwrap_or(usize::MAX).clamp(16, 1 << 20);
        Published {
            generations: papaya::HashMap::new(),
            entries: Cache::with_weighter(entries_estimate, hot_bytes_max, BytesOfEntry),
            listeners: Mutex::default(),
        }
    }

    /// The user's generation, if it was read or written since the start.
    pub fn generation(&self, user: UserId) -> Option<Generation> {
        self.generations.pin().get(&user).copied()
    }

    /// Raises the user's generation to at least this one. To be called with committed generations only.
    pub fn advance(&self, user: UserId, generation: Generation) {
        self.generations.pin().update_or_insert(user, |known| (*known).max(generation), generation);
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = listeners.get(&user) {
            if listener.is_closed() {
                listeners.remove(&user);
            } else {
                listener.send_if_modified(|known| std::mem::replace(known, generation.max(*known)) < generation);
            }
        }
    }

    /// The user is gone for good: nothing of that one is kept or served any more.
    pub fn remove(&self, user: UserId) {
        // First the mark that no later reading can take back, then what was there: see `put`.
        self.generations.pin().insert(user, REMOVED);
        self.entries.remove(&user);
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }

    /// Tells of every generation that is advanced to from now on.
    pub fn subscribe(&self, user: UserId) -> watch::Receiver<Generation> {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever left without a commit since is forgotten when somebody comes.
        listeners.retain(|_, listener| !listener.is_closed());
        listeners.entry(user).or_insert_with(|| watch::Sender::new(Generation(0))).subscribe()
    }

    /// Offers an answer; it is served for as long as it is current. One of a later generation stays: a reader
    /// that was slow must not push out what a commit has published since.
    pub fn put(&self, user: UserId, entry: Arc<Entry>) {
        let decide = |_: &UserId, kept: &mut Arc<Entry>| {
            let is_later = kept.finished.generation > entry.finished.generation;
            if is_later { EntryAction::Retain(()) } else { EntryAction::ReplaceWithGuard }
        };
        match self.entries.entry(&user, None, decide) {
            EntryResult::Vacant(place) | EntryResult::Replaced(place, _) => {
                // It fails when the place was taken away meanwhile; then the next read brings the answer again.
                let _ = place.insert(entry);
            }
            EntryResult::Retained(()) | EntryResult::Removed(..) | EntryResult::Timeout => {}
        }
        // Looked at afterwards, so that a removal at the same moment sees the entry or is seen here.
        if self.generation(user) == Some(REMOVED) {
            self.entries.remove(&user);
        }
    }

    /// The answer for this user, if a current one is hot.
    pub fn get(&self, user: UserId, basis: Basis, now: DateTime<Utc>) -> Option<Arc<Entry>> {
        let generation = self.generation(user)?;
        self.entries.get(&user).filter(|entry| entry.finished.is_current(generation, basis, now))
    }

    /// Answers in the hot map at present.
    pub fn hot_entries(&self) -> usize {
        self.entries.len()
    }

    /// Bytes that the hot map may weigh.
    pub fn hot_bytes_max(&self) -> u64 {
        self.entries.capacity()
    }

    /// What is hot of this user, current or not, for looking at it alone.
    pub fn peek(&self, user: UserId) -> Option<Arc<Entry>> {
        self.entries.peek(&user)
    }

    /// Bytes that the hot map weighs at present.
    pub fn hot_bytes(&self) -> u64 {
        self.entries.weight()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASIS: Basis = Basis([1; 16]);
    const USER: UserId = UserId(7);

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn entry(generation: u64, bytes: usize) -> Arc<Entry> {
        let finished = Finished {
            generation: Generation(generation),
            basis: BASIS,
            valid_from: at(100),
            valid_until: at(200),
            body: vec![b'x'; bytes].into(),
        };
        Arc::new(Entry::new(finished, "t"))
    }

    #[test]
    fn an_entry_is_served_only_while_it_is_current() {
        let published = Published::new(1 << 20);
        published.put(USER, entry(3, 10));
        assert!(published.get(USER, BASIS, at(150)).is_none(), "the generation is not known yet");
        published.advance(USER, Generation(3));
        assert!(published.get(USER, BASIS, at(100)).is_some());
        assert!(published.get(USER, BASIS, at(199)).is_some());
        assert!(published.get(USER, BASIS, at(200)).is_none(), "the boundary has passed");
        assert!(published.get(USER, BASIS, at(99)).is_none(), "the clock was set back over a boundary");
        assert!(published.get(USER, Basis([2; 16]), at(150)).is_none(), "another basis");
        published.advance(USER, Generation(4));
        assert!(published.get(USER, BASIS, at(150)).is_none(), "a later commit");
        published.advance(USER, Generation(2));
        assert_eq!(published.generation(USER), Some(Generation(4)), "generations never go back");
    }

    #[test]
    fn a_late_answer_does_not_push_out_a_later_one() {
        let published = Published::new(1 << 20);
        published.advance(USER, Generation(4));
        published.put(USER, entry(4, 10));
        published.put(USER, entry(3, 20));
        let served = |published: &Published| published.get(USER, BASIS, at(150)).map(|e| e.finished.body.len());
        assert_eq!(served(&published), Some(10));
        published.put(USER, entry(4, 30));
        assert_eq!(served(&published), Some(30), "of the same generation the last one stays");
        published.advance(USER, Generation(5));
        published.put(USER, entry(5, 40));
        assert_eq!(served(&published), Some(40));
        let alone = Published::new(1 << 20);
        alone.put(USER, entry(5, 40));
        assert_eq!(published.hot_bytes(), alone.hot_bytes(), "nothing of the replaced ones is weighed any more");
    }

    #[test]
    fn nothing_comes_back_of_a_user_who_was_removed() {
        let published = Published::new(1 << 20);
        let mut listener = published.subscribe(USER);
        published.advance(USER, Generation(3));
        published.put(USER, entry(3, 10));
        listener.borrow_and_update();
        published.remove(USER);
        assert!(listener.has_changed().is_err(), "whoever listens is told that there is nothing more");
        published.put(USER, entry(4, 10));
        published.advance(USER, Generation(4));
        assert!(published.get(USER, BASIS, at(150)).is_none());
        assert_eq!((published.hot_bytes(), published.hot_entries()), (0, 0));
    }

    #[test]
    fn the_map_is_bounded_in_bytes() {
        let published = Published::new(1 << 20);
        for user in 0..1_000 {
            published.put(UserId(user), entry(1, 10_000));
        }
        assert!(published.hot_bytes() <= 1 << 20);
        published.put(USER, entry(1, 2 << 20));
        published.advance(USER, Generation(1));
        assert!(published.get(USER, BASIS, at(150)).is_none(), "larger than the whole map");
    }
}
