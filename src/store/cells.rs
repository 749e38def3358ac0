//! What threads share, and what each of them does to it in one step.
//!
//! `published.rs` and `keyed.rs` are made of these and of nothing else that is shared. So a test can compile the
//! same two files over cells whose steps it puts in every order (tests/suite/schedules.rs).

use std::sync::Arc;

use quick_cache::sync::{Cache, EntryAction, EntryResult};
use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter};

use super::hot::{Entry, Form};
use crate::domain::ids::{Generation, UserId};
use crate::metrics::Counter;

pub use std::sync::{Mutex, PoisonError};
pub use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};

/// A generation of each user. Ids are given by us, in order: nobody can choose some that collide, so a hash may be quick.
#[derive(Default)]
pub struct Generations(papaya::HashMap<UserId, Generation, DefaultHashBuilder>);

impl Generations {
    pub fn get(&self, user: UserId) -> Option<Generation> {
        self.0.pin().get(&user).copied()
    }

    /// Puts what `next` makes of the present one; nobody else changes it in between.
    pub fn update(&self, user: UserId, next: impl Fn(Option<Generation>) -> Generation) {
        self.0.pin().update_or_insert(user, |known| next(Some(*known)), next(None));
    }
}

/// What an entry costs beside its body: the structs, the tag, the map's own bookkeeping.
const ENTRY_OVERHEAD_BYTES: u64 = 256;

type Key = (UserId, Form);

#[derive(Clone)]
struct BytesOfEntry;

impl Weighter<Key, Arc<Entry>> for BytesOfEntry {
    fn weight(&self, _: &Key, entry: &Arc<Entry>) -> u64 {
        // The compressed body is made later and must not change the weight; either form shrinks to a third at least.
        let body = entry.finished.body.len() as u64;
        body + body / 3 + ENTRY_OVERHEAD_BYTES
    }
}

/// Counts the answers that had to make room for others.
#[derive(Clone, Default)]
struct Evictions(Arc<Counter>);

impl Lifecycle<Key, Arc<Entry>> for Evictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Key, _: Arc<Entry>) {
        self.0.add(1);
    }
}

/// An entry of each user in each form, bounded in bytes: any may be gone at any time.
pub struct Entries {
    cache: Cache<Key, Arc<Entry>, BytesOfEntry, DefaultHashBuilder, Evictions>,
    bytes_max: u64,
    evictions: Arc<Counter>,
}

impl Entries {
    pub fn new(bytes_max: u64) -> Entries {
        // The count only sizes the map's first allocation and its ghost list.
        let entries_estimate = usize::try_from(bytes_max / 16_384).unwrap_or(usize::MAX).clamp(16, 1 << 20);
        let evictions = Arc::new(Counter::default());
        let lifecycle = Evictions(evictions.clone());
        let hashing = DefaultHashBuilder::default();
        Entries {
            cache: Cache::with(entries_estimate, bytes_max, BytesOfEntry, hashing, lifecycle),
            bytes_max,
            evictions,
        }
    }

    pub fn get(&self, user: UserId, form: Form) -> Option<Arc<Entry>> {
        self.cache.get(&(user, form))
    }

    /// As [`Entries::get`], without counting as a use.
    pub fn peek(&self, user: UserId, form: Form) -> Option<Arc<Entry>> {
        self.cache.peek(&(user, form))
    }

    /// Puts an entry, unless `stays` says that the present one of its form stays; nobody else puts one in between, but for a
    /// moment there may be none.
    pub fn put_unless(&self, user: UserId, entry: Arc<Entry>, stays: impl Fn(&Entry) -> bool) {
        let decide = |_: &Key, kept: &mut Arc<Entry>| {
            if stays(kept) { EntryAction::Retain(()) } else { EntryAction::ReplaceWithGuard }
        };
        match self.cache.entry(&(user, entry.form), None, decide) {
            EntryResult::Vacant(place) | EntryResult::Replaced(place, _) => {
                // It fails when the place was taken away meanwhile; then the next read brings the answer again.
                let _ = place.insert(entry);
            }
            EntryResult::Retained(()) | EntryResult::Removed(..) | EntryResult::Timeout => {}
        }
    }

    /// Removes what there is of a user in any form.
    pub fn remove(&self, user: UserId) {
        for form in [Form::Timeline, Form::Calendar] {
            self.cache.remove(&(user, form));
        }
    }

    /// Bytes that all entries may weigh.
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Entries that had to make room for others since the start.
    pub fn evictions(&self) -> u64 {
        self.evictions.get()
    }

    /// Bytes of all entries.
    pub fn weight(&self) -> u64 {
        self.cache.weight()
    }
}
