//! One lock per key, made when it is first asked for and gone when nobody holds or awaits it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::cells::{AsyncMutex, Mutex, OwnedMutexGuard, PoisonError};

/// Async locks by key, each guarding a `T` that lives while somebody holds or awaits the key.
pub struct KeyedLocks<K: Eq + Hash + Copy, T> {
    locks: Arc<Locks<K, T>>,
}

type Locks<K, T> = Mutex<HashMap<K, Shared<T>>>;

/// A lock and how many hold it. They are counted where the lock is, so that of two who leave at the same time
/// one sees that it is the last.
struct Shared<T> {
    lock: Arc<AsyncMutex<T>>,
    holders: usize,
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Shared { lock: Arc::default(), holders: 0 }
    }
}

impl<K: Eq + Hash + Copy, T: Default> Default for KeyedLocks<K, T> {
    fn default() -> Self {
        KeyedLocks { locks: Arc::default() }
    }
}

/// Keeps a key's value alive; locks it as often as wanted.
pub struct Keyed<K: Eq + Hash + Copy, T> {
    owner: Arc<Locks<K, T>>,
    key: K,
    lock: Arc<AsyncMutex<T>>,
}

impl<K: Eq + Hash + Copy, T: Default> KeyedLocks<K, T> {
    pub fn get(&self, key: K) -> Keyed<K, T> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = locks.entry(key).or_default();
        shared.holders += 1;
        Keyed { owner: self.locks.clone(), key, lock: shared.lock.clone() }
    }
}

impl<K: Eq + Hash + Copy, T> Keyed<K, T> {
    pub async fn lock(&self) -> OwnedMutexGuard<T> {
        self.lock.clone().lock_owned().await
    }

    /// The value, unless somebody has it.
    pub fn try_lock(&self) -> Option<OwnedMutexGuard<T>> {
        self.lock.clone().try_lock_owned().ok()
    }
}

impl<K: Eq + Hash + Copy, T> Clone for Keyed<K, T> {
    fn clone(&self) -> Self {
        let mut locks = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        // While one is there its lock is in the map.
        if let Some(shared) = locks.get_mut(&self.key) {
            shared.holders += 1;
        }
        Keyed { owner: self.owner.clone(), key: self.key, lock: self.lock.clone() }
    }
}

impl<K: Eq + Hash + Copy, T> Drop for Keyed<K, T> {
    fn drop(&mut self) {
        let mut locks = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = locks.get_mut(&self.key) {
            shared.holders -= 1;
            if shared.holders == 0 {
                locks.remove(&self.key);
            }
        }
    }
}
