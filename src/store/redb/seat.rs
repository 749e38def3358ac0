//! Who writes. One at a time has the seat: a thread that hands a commit over takes it when it is free, and writes at
//! once instead of waking somebody; else the writer's own thread does, which also sees to what has its time.
//!
//! What must hold: whoever puts a request into the queue and does not get the seat rings afterwards, so that no
//! request stays behind.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::group::Request;
use super::health::Ended;
use super::volume::lock;
use super::writer::Writer;
use crate::domain::ids::UserId;
use crate::store::{Finished, StoreError};

/// Requests that share one transaction at most: bounds the time that the first of them waits.
pub(super) const GROUP_MAX: usize = 256;

/// After this time without a request the database is made durable.
const IDLE: Duration = Duration::from_millis(50);

pub(super) struct Seat {
    work: Mutex<Work>,
    bell: Bell,
}

/// Wakes the writer's own thread.
#[derive(Default)]
struct Bell {
    state: Mutex<Rung>,
    rang: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Rung {
    rung: bool,
    closed: bool,
    /// Whether the thread waits for a time that is near.
    wakes_soon: bool,
}

struct Work {
    writer: Writer,
    queue: mpsc::Receiver<Request>,
    /// Timelines that wait for a quiet moment. Only the last one of each user is worth storing, and a change that
    /// waits for the disk is not to wait for it too.
    later: HashMap<UserId, Finished>,
    /// Whether the database has something that is not durable in it.
    is_ahead: bool,
    served_at: Instant,
}

impl Seat {
    pub(super) fn new(writer: Writer, queue: mpsc::Receiver<Request>) -> Seat {
        let work = Work { writer, queue, later: HashMap::new(), is_ahead: false, served_at: Instant::now() };
        Seat { work: Mutex::new(work), bell: Bell::default() }
    }

    /// Something was put into the queue that somebody else is to see to.
    pub(super) fn ring(&self) {
        lock(&self.bell.state).rung = true;
        self.bell.rang.notify_one();
    }

    /// Something was put into the queue that nobody waits for: it is seen to when the writer's thread is awake next.
    pub(super) fn nudge(&self) {
        let mut state = lock(&self.bell.state);
        if !state.wakes_soon {
            state.rung = true;
            self.bell.rang.notify_one();
        }
    }

    /// Nothing more will be put into the queue.
    pub(super) fn close(&self) {
        lock(&self.bell.state).closed = true;
        self.bell.rang.notify_one();
    }

    /// Sees to one group of what is in the queue, or to it that somebody does. Waits for the disk.
    pub(super) fn write(&self) {
        let Ok(mut work) = self.work.try_lock() else { return self.ring() };
        let _rings = RingsInPanic(self);
        let had_nothing_to_do = work.patience().is_none();
        work.serve_some();
        let has_something_to_do = work.patience().is_some();
        drop(work);
        if had_nothing_to_do && has_something_to_do {
            self.ring();
        }
    }

    /// Does something with the writer alone, once what is in the queue before has been seen to and is durable in the
    /// database. Commits that come meanwhile wait. Waits for the disk.
    ///
    /// # Errors
    /// The database cannot be written at present, or not any more.
    pub(super) fn alone<T>(&self, work: impl FnOnce(&mut Writer) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _rings = Rings(self);
        let mut held = self.work.lock().map_err(|_| StoreError::Closed)?;
        while held.serve_some() {}
        held.settle();
        held.writer.require_writable()?;
        work(&mut held.writer)
    }

    /// The writer's own thread: until the queue is closed and empty; then the database is closed cleanly.
    pub(super) fn run(&self) {
        let (health, views) = lock(&self.work).writer.watched();
        // Without its writer the store cannot be written, however that ended.
        let _ended = Ended { health: &health, views: &views };
        let mut patience = None;
        loop {
            let closed = self.bell.wait(patience);
            let mut work = match self.work.lock() {
                Ok(work) => work,
                Err(poisoned) => return poisoned.into_inner().give_up(),
            };
            while work.serve_some() {}
            if closed {
                return work.close();
            }
            work.see_to_time();
            patience = work.patience();
        }
    }
}

/// Whoever had the seat leaves what came meanwhile to the writer's own thread.
struct Rings<'a>(&'a Seat);

impl Drop for Rings<'_> {
    fn drop(&mut self) {
        self.0.ring();
    }
}

/// Whoever panics in the seat leaves nobody waiting.
struct RingsInPanic<'a>(&'a Seat);

impl Drop for RingsInPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.ring();
        }
    }
}

impl Bell {
    /// Waits until it is rung, or for so long; whether the queue is closed.
    fn wait(&self, patience: Option<Duration>) -> bool {
        let mut state = lock(&self.state);
        state.wakes_soon = patience.is_some_and(|patience| patience <= IDLE);
        let is_quiet = |state: &mut Rung| !state.rung && !state.closed;
        let mut state = match patience {
            None => self.rang.wait_while(state, is_quiet).unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                self.rang.wait_timeout_while(state, patience, is_quiet).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.rung = false;
        // From here on what comes may find the queue already looked at.
        state.wakes_soon = false;
        state.closed
    }
}

impl Work {
    /// Sees to one group of what is in the queue; whether there was something.
    fn serve_some(&mut self) -> bool {
        let mut requests = Vec::new();
        while requests.len() < GROUP_MAX
            && let Ok(request) = self.queue.try_recv()
        {
            requests.push(request);
        }
        if requests.is_empty() {
            return false;
        }
        if self.writer.is_retry_due() {
            self.recover();
        }
        if self.writer.is_failed() {
            self.writer.refuse(requests);
        } else {
            let group = self.writer.put_off(requests, &mut self.later);
            if !group.is_empty() {
                self.is_ahead = self.writer.serve(group);
            }
        }
        self.writer.looked();
        self.served_at = Instant::now();
        true
    }

    /// How long until there is something to do that nobody asks for.
    fn patience(&self) -> Option<Duration> {
        let waits = self.is_ahead || !self.later.is_empty();
        let idle = waits.then(|| IDLE.saturating_sub(self.served_at.elapsed()));
        self.writer.until_retry().or(idle)
    }

    fn see_to_time(&mut self) {
        if self.writer.is_retry_due() {
            self.recover();
        }
        if self.served_at.elapsed() >= IDLE {
            self.settle();
        }
        self.writer.looked();
    }

    /// Makes the database durable with everything that waits.
    fn settle(&mut self) {
        let waits = self.is_ahead || !self.later.is_empty();
        if waits && !self.writer.is_failed() {
            self.is_ahead = false;
            self.writer.settle(std::mem::take(&mut self.later));
        }
    }

    fn recover(&mut self) {
        self.writer.recover();
        self.is_ahead = false;
    }

    fn close(&mut self) {
        self.writer.close(std::mem::take(&mut self.later));
    }

    /// After a panic nothing is certain: whoever waits for an answer learns that there will be none.
    fn give_up(&mut self) {
        self.queue.close();
        while !matches!(self.queue.try_recv(), Err(TryRecvError::Empty | TryRecvError::Disconnected)) {}
    }
}
