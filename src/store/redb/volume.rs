//! The database's file, held and locked for the life of the store, and redb's ways to it.
//!
//! redb refuses everything after the first failure of its storage, so recovering means opening the file anew.
//! The file itself stays open all the while, with its locks: no other process gets in between. Each opening uses a
//! [`Session`], which can be shut, so that nothing of a given-up database reaches the file any more.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use redb::{BackendError, StorageBackend};

use super::frozen::{Frozen, Overlay};

type Range = (Bound<u64>, Bound<u64>);

/// Where redb keeps which of its two roots is valid: without a write here no commit has happened.
const HEADER_BYTES: u64 = 4_096;

/// What was written since the last sync is kept in memory up to this many bytes after a failure.
const KEPT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A lock that a panic elsewhere does not break: what it guards is valid after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
pub(super) struct Volume {
    storage: Box<dyn StorageBackend>,
    /// What each opening of the database keeps in memory of its pages, in bytes.
    cache_bytes: usize,
    /// The ranges that redb asked to lock at the first opening.
    held: Mutex<Vec<Range>>,
    unsynced: Mutex<Unsynced>,
    /// Who reads the file as it was, and must not see what is written now.
    frozen: Mutex<Weak<Overlay>>,
}

/// After a failed sync the kernel takes what was written for clean: it shows it, does not write it again, and may
/// forget it. So all of it has to be written once more before anything is built on it.
#[derive(Debug, Default)]
struct Unsynced {
    /// Offset and length of what was written since the last sync.
    ranges: BTreeMap<u64, usize>,
    /// The same after a failure, with the bytes.
    kept: BTreeMap<u64, Vec<u8>>,
}

impl Volume {
    pub(super) fn new(storage: impl StorageBackend, cache_bytes: usize) -> Arc<Volume> {
        Arc::new(Volume {
            storage: Box::new(storage),
            cache_bytes,
            held: Mutex::default(),
            unsynced: Mutex::default(),
            frozen: Mutex::default(),
        })
    }

    /// A way to the file for one opening of the database.
    pub(super) fn session(self: &Arc<Self>) -> Session {
        let state =
            SessionState { volume: self.clone(), is_shut: RwLock::new(false), commits_begun: AtomicU64::new(0) };
        Session(Arc::new(state))
    }

    /// A way to the file as it is now, whose writes stay in memory.
    ///
    /// # Errors
    /// The file's length cannot be read.
    pub(super) fn freeze(self: &Arc<Self>) -> io::Result<Frozen> {
        let overlay = Arc::new(Overlay::new(self.storage.len()?));
        let unsynced = lock(&self.unsynced);
        for (offset, bytes) in &unsynced.kept {
            overlay.write(&*self.storage, *offset, bytes)?;
        }
        *lock(&self.frozen) = Arc::downgrade(&overlay);
        Ok(Frozen::new(self.clone(), overlay))
    }

    /// As [`Volume::freeze`], for as long as nobody writes the file.
    ///
    /// # Errors
    /// The file's length cannot be read.
    pub(super) fn at_rest(self: &Arc<Self>) -> io::Result<Frozen> {
        Ok(Frozen::new(self.clone(), Arc::new(Overlay::new(self.storage.len()?))))
    }

    pub(super) fn cache_bytes(&self) -> usize {
        self.cache_bytes
    }

    pub(super) fn storage(&self) -> &dyn StorageBackend {
        &*self.storage
    }

    /// After a failure: keeps what the file shows of what was written since the last sync, for as long as it can
    /// still be read.
    pub(super) fn keep_unsynced(&self) {
        let mut unsynced = lock(&self.unsynced);
        let mut room = KEPT_BYTES_MAX.saturating_sub(unsynced.kept.values().map(Vec::len).sum());
        for (offset, len) in std::mem::take(&mut unsynced.ranges) {
            let mut bytes = vec![0; if len <= room { len } else { 0 }];
            if len <= room && self.storage.read(offset, &mut bytes).is_ok() {
                room -= len;
                unsynced.kept.insert(offset, bytes);
            } else {
                unsynced.ranges.insert(offset, len);
            }
        }
    }

    /// Writes again what was written since the last sync, and syncs it.
    ///
    /// # Errors
    /// Those of the file; then it is to be tried again.
    pub(super) fn restore(&self) -> io::Result<()> {
        let mut unsynced = lock(&self.unsynced);
        let len_now = self.storage.len()?;
        for (offset, bytes) in &unsynced.kept {
            self.storage.write(*offset, bytes)?;
        }
        for (offset, len) in &unsynced.ranges {
            // What was to be beyond the end of the file did not come to be.
            if offset + *len as u64 <= len_now {
                let mut bytes = vec![0; *len];
                self.storage.read(*offset, &mut bytes)?;
                self.storage.write(*offset, &bytes)?;
            }
        }
        self.storage.sync_data()?;
        *unsynced = Unsynced::default();
        Ok(())
    }

    /// Who reads the file as it was, if there is somebody.
    fn onlooker(&self) -> Option<Arc<Overlay>> {
        lock(&self.frozen).upgrade()
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        if let Err(error) = self.storage.close() {
            tracing::warn!(%error, "the database's file was not closed cleanly");
        }
    }
}

/// redb's way to the file in one opening of the database.
#[derive(Clone, Debug)]
pub(super) struct Session(Arc<SessionState>);

#[derive(Debug)]
struct SessionState {
    volume: Arc<Volume>,
    /// Held for reading while the file is used, so that shutting waits for what is under way.
    is_shut: RwLock<bool>,
    /// Writes to the header: as long as it does not grow, no commit can have happened.
    commits_begun: AtomicU64,
}

impl Session {
    /// Ends this way to the file; the database that uses it finds that its storage failed.
    pub(super) fn shut(&self) {
        *self.0.is_shut.write().unwrap_or_else(PoisonError::into_inner) = true;
    }

    pub(super) fn cache_bytes(&self) -> usize {
        self.0.volume.cache_bytes
    }

    /// Grows with everything that could make a commit happen.
    pub(super) fn commits_begun(&self) -> u64 {
        self.0.commits_begun.load(Ordering::Acquire)
    }

    fn enter<T>(&self, work: impl FnOnce(&Volume) -> io::Result<T>) -> io::Result<T> {
        let is_shut = self.0.is_shut.read().unwrap_or_else(PoisonError::into_inner);
        if *is_shut {
            return Err(io::Error::other("the database was given up after a failure"));
        }
        work(&self.0.volume)
    }
}

impl StorageBackend for Session {
    fn len(&self) -> io::Result<u64> {
        self.enter(|volume| volume.storage.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.enter(|volume| volume.storage.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.enter(|volume| {
            let cut = || volume.storage.set_len(len);
            volume.onlooker().map_or_else(cut, |overlay| overlay.before_cut(len, cut))
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.enter(|volume| {
            // What is written while it syncs belongs to the next sync.
            let ranges = std::mem::take(&mut lock(&volume.unsynced).ranges);
            volume.storage.sync_data().inspect_err(|_| {
                let mut unsynced = lock(&volume.unsynced);
                for (offset, len) in ranges {
                    unsynced.note(offset, len);
                }
            })
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.enter(|volume| {
            if offset < HEADER_BYTES {
                self.0.commits_begun.fetch_add(1, Ordering::AcqRel);
            }
            // Also of a write that fails some part may be there.
            lock(&volume.unsynced).note(offset, data.len());
            let write = || volume.storage.write(offset, data);
            match volume.onlooker() {
                None => write(),
                Some(overlay) => overlay.before_write(&*volume.storage, offset, data.len(), write),
            }
        })
    }

    fn close(&self) -> io::Result<()> {
        // The file and its locks are the volume's.
        Ok(())
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        let mut held = lock(&self.0.volume.held);
        if held.contains(&(start, end)) {
            return Ok(true);
        }
        let locked = self.0.volume.storage.try_lock_range(start, end)?;
        if locked {
            held.push((start, end));
        }
        Ok(locked)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        lock(&self.0.volume.held).retain(|range| *range != (start, end));
        self.0.volume.storage.unlock_range(start, end)
    }
}

impl Unsynced {
    fn note(&mut self, offset: u64, len: usize) {
        let noted = self.ranges.entry(offset).or_default();
        *noted = (*noted).max(len);
    }
}
