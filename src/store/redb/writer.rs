//! The one writer: a thread that takes all waiting commits, applies each against its own expected
//! generation in one transaction, makes it durable once, publishes, and then answers all.
//!
//! Durable means in the journal: the database itself is made durable for many groups together.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::{Durability, ReadableDatabase, WriteTransaction};
use tokio::sync::mpsc;

use super::apply::store_timelines;
use super::fault::{Fault, Pauses};
use super::group::{Group, Request};
use super::health::{DatabaseFile, Ended, Health};
use super::journal::{AppendError, Journal};
use super::read::get_head;
use super::schema::{META, META_JOURNAL};
use super::views::{Doubts, View, Views};
use super::volume::{Session, Volume};
use crate::domain::ids::{Generation, UserId};
use crate::store::hot::Published;
use crate::store::{Finished, Incarnation, StoreError};

/// Requests that share one transaction at most: bounds the time that the first of them waits.
const GROUP_MAX: usize = 256;

/// After this time without a request the database is made durable.
const IDLE: Duration = Duration::from_millis(50);

/// Timelines that wait for a quiet moment at most; more are stored with the next group.
const LATER_MAX: usize = 64;

pub(super) struct Writer {
    pub(super) volume: Arc<Volume>,
    /// The way to the file that the present database has.
    pub(super) session: Session,
    pub(super) views: Arc<Views>,
    pub(super) file: Arc<DatabaseFile>,
    pub(super) incarnation: Incarnation,
    pub(super) published: Arc<Published>,
    pub(super) health: Arc<Health>,
    pub(super) journal: Journal,
    pub(super) pauses: Pauses,
    pub(super) fault: Option<Fault>,
    /// Of the commit that is about to be given up as of unknown outcome.
    pub(super) doubts: Doubts,
}

/// What the writer waits for.
enum Next {
    Requests(Vec<Request>),
    /// Nothing came for a while.
    Nothing,
    Closed,
}

impl Writer {
    /// Serves until the queue is closed and empty, then leaves the database closed cleanly.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        // Without its writer the store cannot be written, however the writer ended.
        let (health, views) = (self.health.clone(), self.views.clone());
        let _ended = Ended { health: &health, views: &views };
        let Ok(waiting) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
        // Whether the database has something that is not durable in it.
        let mut is_ahead = false;
        // Only the last timeline of each user is worth storing, and a change that waits for the disk is not to wait for
        // it too.
        let mut later: HashMap<UserId, Finished> = HashMap::new();
        loop {
            let patience = if is_ahead || !later.is_empty() { Some(IDLE) } else { None };
            let next = waiting.block_on(next(&mut queue, self.until_retry().or(patience)));
            if self.is_retry_due() {
                self.recover();
                is_ahead = false;
            }
            match next {
                Next::Closed => break,
                Next::Nothing => {
                    if self.fault.is_none() && (std::mem::take(&mut is_ahead) || !later.is_empty()) {
                        self.settle(std::mem::take(&mut later));
                    }
                }
                Next::Requests(requests) if self.fault.is_some() => self.refuse(requests),
                Next::Requests(requests) => {
                    let group = self.put_off(requests, &mut later);
                    if !group.is_empty() {
                        is_ahead = self.serve(group);
                    }
                }
            }
            self.views.looked();
        }
        self.close(later);
    }

    /// What of the requests is to be served now; timelines wait for a quiet moment, unless there are many. One of a
    /// generation that the user does not stand at is of no use, and would be wrong when the user gets there.
    fn put_off(&self, requests: Vec<Request>, later: &mut HashMap<UserId, Finished>) -> Vec<Request> {
        let mut group = Vec::with_capacity(requests.len());
        for request in requests {
            match request {
                Request::PutTimeline(user, finished) if self.stands_at(user, finished.generation) => {
                    later.insert(user, finished);
                }
                Request::PutTimeline(..) => {}
                request => group.push(request),
            }
        }
        if later.len() > LATER_MAX {
            group.extend(later.drain().map(|(user, finished)| Request::PutTimeline(user, finished)));
        }
        group
    }

    fn stands_at(&self, user: UserId, generation: Generation) -> bool {
        let view = self.views.current();
        let head = view.db.begin_read().ok().and_then(|transaction| get_head(&transaction, user).ok().flatten());
        head.is_some_and(|head| head.generation == generation)
    }

    /// Leaves the database closed cleanly, with the last timelines in it.
    fn close(&mut self, timelines: HashMap<UserId, Finished>) {
        if self.fault.is_some() {
            // What was written before the fault gets a last chance to reach the disk.
            self.recover();
        }
        if self.fault.is_some() {
            return;
        }
        match self.store(timelines) {
            Ok(()) => self.journal.discard(),
            Err(error) => {
                tracing::warn!(%error, "the database could not be closed cleanly; the journal has the last changes");
            }
        }
    }

    /// Stores timelines that waited, and makes the database durable with everything that is in the journal.
    fn settle(&mut self, timelines: HashMap<UserId, Finished>) {
        match self.store(timelines) {
            Ok(()) => self.journal.reset(),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Stores timelines that are still right, durably.
    fn store(&self, timelines: HashMap<UserId, Finished>) -> Result<(), redb::Error> {
        let mut transaction = self.begin(&self.views.current())?;
        let mut group = Group::default();
        for (user, finished) in timelines {
            group.apply(&mut transaction, Request::PutTimeline(user, finished))?;
        }
        store_timelines(&mut transaction, &group.timelines)?;
        commit_durably(transaction, &self.journal)
    }

    /// Whether the database has something afterwards that is not durable in it.
    fn serve(&mut self, requests: Vec<Request>) -> bool {
        let (begun, size) = (Instant::now(), requests.len());
        let mut group = Group::default();
        let mut requests = requests.into_iter();
        let written = self.write(&mut group, &mut requests);
        let is_durable = group.is_durable();
        self.health.metrics.transaction(size, begun.elapsed(), is_durable, written.is_ok());
        match written {
            Ok(is_ahead) => {
                self.health.record_write(is_durable);
                group.publish(&self.published);
                is_ahead
            }
            Err(error) => {
                if matches!(error, StoreError::Unknown(_)) {
                    self.doubt(&group.before);
                }
                self.fail(&error.to_string());
                group.fail(&error, requests);
                false
            }
        }
    }

    /// Carries the requests out; whether the database has something afterwards that is not durable in it.
    fn write(&mut self, group: &mut Group, requests: &mut impl Iterator<Item = Request>) -> Result<bool, StoreError> {
        let view = self.views.current();
        let applied = self.begin(&view).and_then(|mut transaction| {
            // After a failure nothing more is applied: the transaction is lost anyway.
            for request in requests {
                group.apply(&mut transaction, request)?;
            }
            store_timelines(&mut transaction, &group.timelines)?;
            Ok(transaction)
        });
        let transaction = applied.map_err(|error| StoreError::NotWritten(error.to_string()))?;
        if group.is_beyond_journal || self.journal.is_full_for(&group.record) {
            self.write_database(transaction)?;
            if group.removes() {
                self.journal.discard();
            } else {
                self.journal.reset();
            }
            return Ok(false);
        }
        if group.record.is_empty() {
            return commit(transaction).map(|()| true).map_err(|error| StoreError::NotWritten(error.to_string()));
        }
        // Readers see nothing of it before it is on disk.
        self.journal.append(group.record.clone()).map_err(|error| match error {
            AppendError::NotWritten(error) => StoreError::NotWritten(error.to_string()),
            AppendError::Unknown(error) => StoreError::Unknown(error.to_string()),
        })?;
        commit(transaction).map(|()| true).map_err(|error| StoreError::Unknown(error.to_string()))
    }

    /// Makes the database durable with everything that is in it.
    fn write_database(&self, transaction: WriteTransaction) -> Result<(), StoreError> {
        let begun = self.session.commits_begun();
        commit_durably(transaction, &self.journal).map_err(|error| match self.session.commits_begun() == begun {
            true => StoreError::NotWritten(error.to_string()),
            false => StoreError::Unknown(error.to_string()),
        })
    }

    /// A write transaction, if the file is still the one that it was.
    fn begin(&self, view: &View) -> Result<WriteTransaction, redb::Error> {
        if !self.file.is_there() {
            return Err(redb::Error::Io(io::Error::other(super::fault::FILE_GONE)));
        }
        Ok(view.db.begin_write()?)
    }
}

async fn next(queue: &mut mpsc::Receiver<Request>, patience: Option<Duration>) -> Next {
    let mut requests = Vec::new();
    let received = queue.recv_many(&mut requests, GROUP_MAX);
    let received = match patience {
        None => Ok(received.await),
        Some(patience) => tokio::time::timeout(patience, received).await,
    };
    match received {
        Ok(0) => Next::Closed,
        Ok(_) => Next::Requests(requests),
        Err(_) => Next::Nothing,
    }
}

/// Shows it to readers; a crash takes it back.
fn commit(mut transaction: WriteTransaction) -> Result<(), redb::Error> {
    transaction.set_durability(Durability::None)?;
    Ok(transaction.commit()?)
}

/// Commits to the disk; an error here leaves open whether the change is there.
///
/// It also records which pages are in use, so that a crash needs no walk over the whole database at the next start.
/// That costs a second sync, which everything that was in the journal shares.
pub(super) fn commit_durably(mut transaction: WriteTransaction, journal: &Journal) -> Result<(), redb::Error> {
    transaction.open_table(META)?.insert(META_JOURNAL, journal.last().to_be_bytes().as_slice())?;
    transaction.set_quick_repair(true);
    transaction.set_durability(Durability::Immediate)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests;
