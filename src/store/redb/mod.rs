//! The store over redb: one database file, one writer thread, short read transactions.
//!
//! A read transaction that is held open makes the file grow with every commit, so none outlives the
//! function that opened it.

mod codec;
mod health;
mod open;
mod read;
mod schema;
mod timelines;
mod writer;

use std::sync::Arc;

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::hot::Published;
use super::{Administered, Administration, Commit, Finished, Incarnation, Outcome, StoreError};
use crate::domain::ids::UserId;

pub use open::OpenError;
pub use read::Moment;
pub use schema::SCHEMA_VERSION;

/// The database of one data directory, held exclusively.
///
/// Cheap reads block for microseconds unless the page is not in memory; call them where that is allowed.
pub struct Store {
    db: Arc<Database>,
    incarnation: Incarnation,
    published: Arc<Published>,
    requests: mpsc::Sender<writer::Request>,
    writer: Option<std::thread::JoinHandle<()>>,
    health: Arc<health::Health>,
}

/// Commits that may wait for the writer; more make their senders wait.
const QUEUE_MAX: usize = 4_096;

impl Store {
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// What readers see without asking the database.
    pub fn published(&self) -> &Published {
        &self.published
    }

    /// Whether the last write succeeded.
    pub fn is_writable(&self) -> bool {
        self.health.is_writable()
    }

    /// How often the database was made durable for commits since it was opened. One time serves all commits
    /// that waited for it.
    pub fn syncs(&self) -> u64 {
        self.health.syncs()
    }

    /// Hands a commit to the writer and returns at once; commits of one sender are applied in the order
    /// in which this returned. The answer comes when the commit is durable, stale or failed.
    ///
    /// Waits only while the queue is full, and may do so only on a thread that is allowed to.
    pub fn submit(&self, commit: Commit) -> Result<CommitTicket, StoreError> {
        let (answer, ticket) = oneshot::channel();
        let request = writer::Request::Commit(Box::new(commit), answer);
        self.requests.blocking_send(request).map_err(|_| StoreError::Closed)?;
        Ok(CommitTicket(ticket))
    }

    /// Keeps a timeline for the next start, if its generation is still the user's. It is derived, so
    /// nobody waits for it and a crash may lose it; when the writer is busy it is left out.
    pub fn put_timeline(&self, user: UserId, finished: Finished) {
        // A full queue means load; the timeline is made again when it is needed.
        let _ = self.requests.try_send(writer::Request::PutTimeline(user, finished));
    }

    /// Changes accounts; durable when it returns.
    pub async fn administer(&self, administration: Administration) -> Result<Administered, StoreError> {
        let (answer, ticket) = oneshot::channel();
        let request = writer::Request::Administer(Box::new(administration), answer);
        self.requests.send(request).await.map_err(|_| StoreError::Closed)?;
        ticket.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// A commit on its way to the disk.
pub struct CommitTicket(oneshot::Receiver<Result<Outcome, StoreError>>);

impl CommitTicket {
    /// Waits until the commit is durable, stale or failed.
    pub async fn outcome(self) -> Result<Outcome, StoreError> {
        // A writer that is gone took the answer with it: what it did is not known.
        self.0.await.unwrap_or_else(|_| Err(StoreError::Unknown("the writer ended".to_owned())))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Closing the queue ends the writer after what is in it.
        let (closed, _) = mpsc::channel(1);
        self.requests = closed;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}
