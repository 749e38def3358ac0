//! The cells of `src/store/cells.rs` once more, each step of them one that the scheduler chooses.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness, TryAcquireError};

use super::hot::{Entry, Form};
use super::ids::{Generation, UserId};
use super::one_in;

pub use shuttle::sync::{Mutex, PoisonError};

#[derive(Default)]
pub struct Generations(Mutex<HashMap<UserId, Generation>>);

impl Generations {
    pub fn get(&self, user: UserId) -> Option<Generation> {
        self.0.lock().unwrap().get(&user).copied()
    }

    pub fn update(&self, user: UserId, next: impl Fn(Option<Generation>) -> Generation) {
        let mut generations = self.0.lock().unwrap();
        let before = generations.get(&user).copied();
        let after = next(before);
        assert!(before <= Some(after), "a generation went back from {before:?} to {after}");
        generations.insert(user, after);
    }
}

/// A map that loses entries as a bounded one does, and where a replaced one is gone before its successor is there.
#[derive(Default)]
pub struct Entries {
    entries: Mutex<HashMap<(UserId, Form), Arc<Entry>>>,
    placing: Mutex<()>,
}

impl Entries {
    pub fn new(_: u64) -> Entries {
        Entries::default()
    }

    pub fn get(&self, user: UserId, form: Form) -> Option<Arc<Entry>> {
        let (mut entries, key) = (self.entries.lock().unwrap(), (user, form));
        if one_in(8) { entries.remove(&key) } else { entries.get(&key).cloned() }
    }

    pub fn remove(&self, user: UserId) {
        self.entries.lock().unwrap().retain(|(owner, _), _| *owner != user);
    }

    pub fn peek(&self, user: UserId, form: Form) -> Option<Arc<Entry>> {
        self.entries.lock().unwrap().get(&(user, form)).cloned()
    }

    pub fn put_unless(&self, user: UserId, entry: Arc<Entry>, stays: impl Fn(&Entry) -> bool) {
        let _placing = self.placing.lock().unwrap();
        let key = (user, entry.form);
        let kept = self.entries.lock().unwrap().get(&key).cloned();
        if let Some(kept) = kept {
            if stays(&kept) {
                return;
            }
            let (old, new) = (&kept.finished, &entry.finished);
            let is_earlier = (new.generation, new.valid_from) < (old.generation, old.valid_from);
            assert!(!is_earlier, "a late answer replaced a later one: {new:?} {old:?}");
            self.entries.lock().unwrap().remove(&key);
        }
        self.entries.lock().unwrap().insert(key, entry);
    }
}

/// A lock that is waited for without blocking a thread. Its value is with whoever has it.
pub struct AsyncMutex<T> {
    turns: BatchSemaphore,
    value: std::sync::Mutex<Option<T>>,
}

impl<T: Default> Default for AsyncMutex<T> {
    fn default() -> Self {
        AsyncMutex { turns: BatchSemaphore::new(1, Fairness::StrictlyFair), value: Some(T::default()).into() }
    }
}

impl<T> AsyncMutex<T> {
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        self.turns.acquire(1).await.unwrap();
        let value = self.value.lock().unwrap().take();
        OwnedMutexGuard { lock: self, value }
    }

    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryAcquireError> {
        self.turns.try_acquire(1)?;
        let value = self.value.lock().unwrap().take();
        Ok(OwnedMutexGuard { lock: self, value })
    }
}

pub struct OwnedMutexGuard<T> {
    lock: Arc<AsyncMutex<T>>,
    value: Option<T>,
}

impl<T> Deref for OwnedMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().unwrap()
    }
}

impl<T> DerefMut for OwnedMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().unwrap()
    }
}

impl<T> Drop for OwnedMutexGuard<T> {
    fn drop(&mut self) {
        *self.lock.value.lock().unwrap() = self.value.take();
        self.lock.turns.release(1);
    }
}

/// A value whose receivers are told when it changes.
pub mod watch {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::{Poll, Waker};

    use shuttle::sync::Mutex;

    struct State<T> {
        value: T,
        version: u64,
        receivers: usize,
        waiting: Vec<Waker>,
    }

    pub struct Sender<T>(Arc<Mutex<State<T>>>);

    pub struct Receiver<T> {
        state: Arc<Mutex<State<T>>>,
        seen: u64,
    }

    impl<T> Sender<T> {
        pub fn new(value: T) -> Sender<T> {
            Sender(Arc::new(Mutex::new(State { value, version: 0, receivers: 0, waiting: Vec::new() })))
        }

        pub fn subscribe(&self) -> Receiver<T> {
            let mut state = self.0.lock().unwrap();
            state.receivers += 1;
            Receiver { state: self.0.clone(), seen: state.version }
        }

        pub fn is_closed(&self) -> bool {
            self.0.lock().unwrap().receivers == 0
        }

        pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) {
            let mut state = self.0.lock().unwrap();
            if modify(&mut state.value) {
                state.version += 1;
                state.waiting.drain(..).for_each(Waker::wake);
            }
        }
    }

    impl<T: Copy> Receiver<T> {
        pub fn borrow_and_update(&mut self) -> T {
            let state = self.state.lock().unwrap();
            self.seen = state.version;
            state.value
        }

        pub async fn changed(&mut self) -> Result<(), std::convert::Infallible> {
            poll_fn(|context| {
                let mut state = self.state.lock().unwrap();
                if state.version == self.seen {
                    state.waiting.push(context.waker().clone());
                    return Poll::Pending;
                }
                self.seen = state.version;
                Poll::Ready(Ok(()))
            })
            .await
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            self.state.lock().unwrap().receivers -= 1;
        }
    }
}
