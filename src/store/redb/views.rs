//! What readers read: the database as it is open at present. The writer replaces it when it has failed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use redb::Database;
use tokio::sync::watch;

use super::volume::lock;
use crate::domain::ids::{Generation, UserId};

/// Of each user with a commit of unknown outcome: the last generation that is durable for certain.
pub(super) type Doubts = HashMap<UserId, Generation>;

/// One opening of the database.
pub(super) struct View {
    pub(super) db: Database,
    epoch: u64,
    doubts: Doubts,
}

impl View {
    /// Whether what is seen here of that user at that generation is on disk and stays.
    pub(super) fn is_durable(&self, user: UserId, generation: Generation) -> bool {
        self.doubts.get(&user).is_none_or(|last| generation <= *last)
    }
}

pub(super) struct Views {
    state: Mutex<State>,
    changed: Condvar,
    /// The epoch of the present view, for whoever asks often.
    epoch: AtomicU64,
    /// The same, for those that wait for it to change.
    replaced: watch::Sender<u64>,
}

struct State {
    view: Arc<View>,
    /// How often a reader asked the writer to look at a database that failed it, and how many of these times the
    /// writer has looked.
    asked: u64,
    looked: u64,
    /// The writer is gone: nothing will be replaced any more.
    ended: bool,
}

impl Views {
    pub(super) fn new(db: Database) -> Views {
        let view = Arc::new(View { db, epoch: 0, doubts: Doubts::new() });
        Views {
            state: Mutex::new(State { view, asked: 0, looked: 0, ended: false }),
            changed: Condvar::new(),
            epoch: AtomicU64::new(0),
            replaced: watch::Sender::new(0),
        }
    }

    /// Of the view that readers get who ask for one after this, or of an earlier one.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(super) fn replacements(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }

    pub(super) fn current(&self) -> Arc<View> {
        lock(&self.state).view.clone()
    }

    /// From now on readers get this one. Who reads the one before finishes there.
    pub(super) fn replace(&self, db: Database, doubts: Doubts) {
        let mut state = lock(&self.state);
        let epoch = state.view.epoch + 1;
        // Closing the one before may take its time, and nobody waits for it.
        let before = std::mem::replace(&mut state.view, Arc::new(View { db, epoch, doubts }));
        self.epoch.store(epoch, Ordering::Release);
        state.looked = state.asked;
        drop(state);
        self.changed.notify_all();
        self.replaced.send_replace(epoch);
        drop(before);
    }

    /// The view that replaced one that failed; waits until the writer has looked at it. `ask` makes it look.
    /// `None` when the writer has nothing better.
    pub(super) fn after(&self, failed: &View, ask: impl FnOnce()) -> Option<Arc<View>> {
        let mut state = lock(&self.state);
        let is_first = state.asked == state.looked;
        state.asked += 1;
        let ticket = state.asked;
        if is_first && state.view.epoch == failed.epoch {
            drop(state);
            ask();
            state = lock(&self.state);
        }
        while state.view.epoch == failed.epoch && state.looked < ticket && !state.ended {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (state.view.epoch != failed.epoch).then(|| state.view.clone())
    }

    /// The writer has looked at the present view, whoever asked for it.
    pub(super) fn looked(&self) {
        let mut state = lock(&self.state);
        if state.looked != state.asked {
            state.looked = state.asked;
            self.changed.notify_all();
        }
    }

    /// The writer ends.
    pub(super) fn end(&self) {
        lock(&self.state).ended = true;
        self.changed.notify_all();
    }
}
