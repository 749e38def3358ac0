//! The store over redb: one database file, one writer thread, short read transactions.
//!
//! A read transaction that is held open makes the file grow with every commit, so none outlives the
//! function that opened it.

mod accounts;
mod apply;
mod backup;
mod bases;
mod codec;
mod compact;
mod entry;
mod export;
mod fault;
mod frozen;
mod group;
mod health;
mod journal;
mod mend;
mod migrate;
mod open;
mod past;
mod read;
mod replay;
mod restore;
mod rewrite;
mod rules;
mod schema;
mod seat;
mod sync;
mod tables;
mod verify;
mod views;
mod volume;
mod writer;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};

use super::hot::Published;
use super::metrics::StoreMetrics;
use super::{
    Administered, Administration, Change, Commit, Finished, Incarnation, NotedBasis, Outcome, StoreError, entries_bytes,
};
use crate::domain::ids::UserId;

pub use open::OpenError;
pub use read::Moment;
pub use restore::Restoring;
pub use schema::SCHEMA_VERSION;
pub use verify::{FileCheck, Pages};

/// The database of one data directory, held exclusively.
///
/// Cheap reads block for microseconds unless the page is not in memory; call them where that is allowed.
pub struct Store {
    views: Arc<views::Views>,
    incarnation: Incarnation,
    published: Arc<Published>,
    requests: mpsc::Sender<group::Request>,
    seat: Arc<seat::Seat>,
    writer: Option<std::thread::JoinHandle<()>>,
    health: Arc<health::Health>,
    file: Arc<health::DatabaseFile>,
}

/// Commits that may wait for the writer; more make their senders wait.
const QUEUE_MAX: usize = 4_096;

/// Bytes on the disk that a byte of a document or script may need: itself, and before and after in the history, each in pages
/// whose size is a power of two.
const ROOM_FACTOR: u64 = 6;

/// Commits that may need more than this are compared with the free space first.
const ROOM_CHECKED_BYTES_MIN: u64 = 1024 * 1024;

/// Why the database cannot be written at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The path names another file than the one that is open, or none.
    FileGone,
    /// The disk failed; the database is opened anew as soon as the disk takes it.
    NotWritable,
}

impl Store {
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// What readers see without asking the database.
    pub fn published(&self) -> &Published {
        &self.published
    }

    /// What keeps the database from being written, if something does.
    pub fn trouble(&self) -> Option<Trouble> {
        if !self.file.is_there() {
            Some(Trouble::FileGone)
        } else if !self.health.is_writable() {
            Some(Trouble::NotWritable)
        } else {
            None
        }
    }

    /// Whether the last write succeeded, in the file that bears the database's name.
    pub fn is_writable(&self) -> bool {
        self.trouble().is_none()
    }

    /// Which opening of the database is read at present; another one after each fault of the disk.
    pub fn opening(&self) -> u64 {
        self.views.epoch()
    }

    /// Tells of each further opening.
    pub fn openings(&self) -> watch::Receiver<u64> {
        self.views.replacements()
    }

    /// How often the database was made durable for commits since it was opened. One time serves all commits
    /// that waited for it.
    pub fn syncs(&self) -> u64 {
        self.health.syncs()
    }

    /// What was counted since the database was opened.
    pub fn metrics(&self) -> &StoreMetrics {
        &self.health.metrics
    }

    /// Requests that wait for the writer.
    pub fn queued(&self) -> usize {
        self.requests.max_capacity() - self.requests.capacity()
    }

    /// Hands a commit to the writer; commits of one sender are applied in the order in which this returned. The
    /// answer comes when the commit is durable, stale or failed.
    ///
    /// When nobody writes, this thread does, and waits for the disk; and while the queue is full it waits. So it is for
    /// threads that may.
    pub fn submit(&self, commit: Commit) -> Result<CommitTicket, StoreError> {
        let ticket = self.enqueue(commit)?;
        self.seat.write();
        Ok(ticket)
    }

    /// Puts a commit into the queue; somebody has to see to it.
    fn enqueue(&self, commit: Commit) -> Result<CommitTicket, StoreError> {
        self.require_room(&commit)?;
        let (answer, ticket) = oneshot::channel();
        let request = group::Request::Commit(Box::new(commit), answer);
        self.requests.blocking_send(request).map_err(|_| StoreError::Closed)?;
        Ok(CommitTicket(ticket))
    }

    /// Refuses a large commit that the disk has no room for, before anything of it is written.
    fn require_room(&self, commit: &Commit) -> Result<(), StoreError> {
        let documents = commit.changes.iter().map(|change| match change {
            Change::PutDocument { raw, .. } => raw.len() as u64,
            Change::PutRules { entries, .. } => entries.as_deref().map_or(0, entries_bytes),
            Change::Merged { lost, kept, .. } => [lost, kept].into_iter().flatten().map(|text| text.len() as u64).sum(),
            Change::RemoveDocument { .. } | Change::PutSettings { .. } => 0,
        });
        let brought = commit.brought.as_ref().map_or(0, |brought| brought.bytes());
        let needed_bytes = (documents.sum::<u64>() + brought).saturating_mul(ROOM_FACTOR);
        if needed_bytes < ROOM_CHECKED_BYTES_MIN {
            return Ok(());
        }
        // Where it cannot be told, the commit itself will.
        let Ok(free_bytes) = self.file.free_bytes() else { return Ok(()) };
        if free_bytes < needed_bytes { Err(StoreError::NoRoom { needed_bytes, free_bytes }) } else { Ok(()) }
    }

    /// Keeps a timeline for the next start, if its generation is still the user's. It is derived, so
    /// nobody waits for it and a crash may lose it; when the writer is busy it is left out.
    pub fn put_timeline(&self, user: UserId, finished: Finished) {
        // A full queue means load; the timeline is made again when it is needed.
        if self.requests.try_send(group::Request::PutTimeline(user, finished)).is_ok() {
            self.seat.nudge();
        }
    }

    /// Notes when a token was last used. Nobody waits for it, and a crash may lose it; when the writer is busy it
    /// is left out.
    pub fn note_use(&self, hash: [u8; 32], at: DateTime<Utc>) {
        if self.requests.try_send(group::Request::NoteUse(hash, at.timestamp_millis())).is_ok() {
            self.seat.nudge();
        }
    }

    /// Notes what plans are made with from now on, on disk before any commit that comes after. Nobody waits for it.
    pub fn note_basis(&self, noted: NotedBasis) {
        let (answer, _) = oneshot::channel();
        let request = group::Request::Administer(Box::new(Administration::NoteBasis(noted)), answer);
        // A queue that is full is one of a writer that fails: then there is nothing to note it in.
        match self.requests.try_send(request) {
            Ok(()) => self.seat.ring(),
            Err(error) => tracing::warn!(%error, "what plans are made with could not be noted"),
        }
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Bytes that are free for this program where the database is.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        self.file.free_bytes().map_err(|error| StoreError::Read(error.to_string()))
    }

    /// Bytes of the database's file.
    pub fn file_bytes(&self) -> Result<u64, StoreError> {
        self.file.bytes().map_err(|error| StoreError::Read(error.to_string()))
    }

    /// Bytes of the journal beside it; `None` where there is none.
    pub fn journal_bytes(&self) -> Option<u64> {
        std::fs::metadata(open::journal_beside(self.path())).ok().map(|found| found.len())
    }

    /// Changes accounts; durable when it returns.
    pub async fn administer(&self, administration: Administration) -> Result<Administered, StoreError> {
        let (answer, ticket) = oneshot::channel();
        let request = group::Request::Administer(Box::new(administration), answer);
        self.requests.send(request).await.map_err(|_| StoreError::Closed)?;
        self.seat.ring();
        ticket.await.unwrap_or_else(|_| Err(writer_ended()))
    }
}

/// A commit on its way to the disk.
pub struct CommitTicket(oneshot::Receiver<Result<Outcome, StoreError>>);

impl CommitTicket {
    /// Waits until the commit is durable, stale or failed.
    pub async fn outcome(self) -> Result<Outcome, StoreError> {
        self.0.await.unwrap_or_else(|_| Err(writer_ended()))
    }
}

/// A writer that is gone took the answer with it: what it did is not known.
fn writer_ended() -> StoreError {
    StoreError::Unknown("the writer ended".to_owned())
}

impl Drop for Store {
    fn drop(&mut self) {
        // The writer ends after what is in the queue.
        self.seat.close();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

#[cfg(test)]
pub(crate) mod disk;
#[cfg(test)]
mod tests;
