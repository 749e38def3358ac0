//! What readers see without asking the database: every user's generation, and the hot map of finished
//! answers; and how commits, readers and listeners go about them.
//!
//! Invariant: a generation is advanced after its commit is durable and before anybody is answered, and an
//! entry is served only if it is of that generation or a later one. So no acknowledged write is unseen, in
//! whatever order entries arrive.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Basis;
use super::cells::{Entries, Generations, Mutex, PoisonError, watch};
use super::hot::{Entry, Form};
use super::ids::{Generation, UserId};
use super::keyed::KeyedLocks;

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Hot,
    Materialized,
    Rebuilt,
}

impl Layer {
    /// The stable word for it, as the header `X-Cache` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Hot => "hot",
            Layer::Materialized => "materialized",
            Layer::Rebuilt => "rebuilt",
        }
    }
}

/// A current answer and where it came from.
#[derive(Clone, Debug)]
pub struct Served {
    pub entry: Arc<Entry>,
    pub layer: Layer,
    /// Whether the answer may be kept by whoever gets it: false when another time it may be another.
    pub is_certain: bool,
    /// Whether the state that it shows is on disk; see [`Snapshot::is_durable`](super::Snapshot::is_durable).
    pub is_durable: bool,
}

/// Stands in for the generation of a user who was removed: no entry is of that one or a later one, and ids are not
/// given again.
const REMOVED: Generation = Generation(u64::MAX);

/// The published state of all users.
pub struct Published {
    generations: Generations,
    entries: Entries,
    /// Who wants to be told of a user's commits; only users that somebody listens to are in it.
    listeners: Mutex<HashMap<UserId, watch::Sender<Generation>>>,
}

impl Published {
    /// `hot_bytes_max` bounds the bodies in the hot map, with their overhead.
    pub fn new(hot_bytes_max: u64) -> Published {
        Published {
            generations: Generations::default(),
            entries: Entries::new(hot_bytes_max),
            listeners: Mutex::default(),
        }
    }

    /// The user's generation, if it was read or written since the start.
    pub fn generation(&self, user: UserId) -> Option<Generation> {
        self.generations.get(user)
    }

    /// Publishes a commit that is durable, with its timeline if it has one. Whoever waits for the commit is
    /// answered after this.
    pub fn publish(&self, user: UserId, generation: Generation, timeline: Option<&Arc<Entry>>) {
        self.advance(user, generation);
        if let Some(entry) = timeline {
            self.put(user, entry.clone());
        }
    }

    /// The user's current answer: one that `hot` gives, else what `load` brings. One reader of a user loads at a
    /// time; the others wait, and then look again, because what they wait for may be there.
    ///
    /// # Errors
    /// Those of `load`; the next reader in line loads then.
    pub async fn serve<E>(
        &self,
        user: UserId,
        turns: &KeyedLocks<UserId, ()>,
        hot: impl Fn() -> Option<Arc<Entry>>,
        load: impl Future<Output = Result<Served, E>>,
    ) -> Result<Served, E> {
        let hot = || hot().map(|entry| Served { entry, layer: Layer::Hot, is_certain: true, is_durable: true });
        if let Some(served) = hot() {
            return Ok(served);
        }
        let line = turns.get(user);
        let _turn = line.lock().await;
        if let Some(served) = hot() {
            return Ok(served);
        }
        let served = load.await?;
        // Whoever reads after this reader must not see less than it saw.
        if served.is_durable {
            self.advance(user, served.entry.finished.generation);
        }
        if served.is_certain {
            self.put(user, served.entry.clone());
        }
        Ok(served)
    }

    /// Raises the user's generation to at least this one. To be called with committed generations only.
    pub fn advance(&self, user: UserId, generation: Generation) {
        self.generations.update(user, |known| known.unwrap_or_default().max(generation));
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = listeners.get(&user) {
            if listener.is_closed() {
                listeners.remove(&user);
            } else {
                listener.send_if_modified(|known| std::mem::replace(known, generation.max(*known)) < generation);
            }
        }
    }

    /// The timeline of the user's that is at hand is not to be served any more.
    pub fn forget_timeline(&self, user: UserId) {
        self.entries.remove(user);
    }

    /// The user is gone for good: nothing of that one is kept or served any more.
    pub fn remove(&self, user: UserId) {
        // First the mark that no later reading can take back, then what was there: see `put`.
        self.generations.update(user, |_| REMOVED);
        self.entries.remove(user);
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }

    /// Whether the user was there and is gone.
    pub fn is_removed(&self, user: UserId) -> bool {
        self.generation(user) == Some(REMOVED)
    }

    /// Tells of every generation that is advanced to from now on.
    pub fn subscribe(&self, user: UserId) -> Listener {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever left without a commit since is forgotten when somebody comes.
        listeners.retain(|_, listener| !listener.is_closed());
        Listener(listeners.entry(user).or_insert_with(|| watch::Sender::new(Generation(0))).subscribe())
    }

    /// Offers an answer; it is served for as long as it is current. A later one stays: a reader that was slow
    /// must not push out what a commit has published since.
    pub fn put(&self, user: UserId, entry: Arc<Entry>) {
        let offered = entry.clone();
        self.entries.put_unless(user, entry, |kept| kept.is_later_than(&offered));
        // Looked at afterwards, so that a removal at the same moment sees the entry or is seen here.
        if self.is_removed(user) {
            self.entries.remove(user);
        }
    }

    /// The answer for this user in this form, if a current one is hot.
    pub fn get(&self, user: UserId, form: Form, basis: Basis, now: DateTime<Utc>) -> Option<Arc<Entry>> {
        let generation = self.generation(user)?;
        self.entries.get(user, form).filter(|entry| entry.finished.is_current(generation, basis, now))
    }

    /// The timeline that is hot of this user, current or not, for looking at it alone.
    pub fn peek(&self, user: UserId) -> Option<Arc<Entry>> {
        self.entries.peek(user, Form::Timeline)
    }

    /// The hot map's entries, for whoever asks how many there are.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }
}

/// Follows a user's commits.
pub struct Listener(watch::Receiver<Generation>);

impl Listener {
    /// Reads the user's state. A commit that this reading may not have seen makes [`Listener::changed`] ready.
    pub async fn read<T>(&mut self, reading: impl Future<Output = T>) -> T {
        // Marked first: what comes while the reading is under way would be missed otherwise.
        self.0.borrow_and_update();
        reading.await
    }

    /// Ready as soon as there is a commit that the last reading may not have seen, or the user is gone.
    pub async fn changed(&mut self) {
        // The sender stays as long as somebody listens, unless the user is removed: then reading tells.
        let _ = self.0.changed().await;
    }
}
