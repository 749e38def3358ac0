//! When the disk fails: reading goes on from the last state, writing is refused, and the database is opened anew
//! as soon as the disk takes it.
//!
//! What is in the journal and not in the file is carried out again in either.
//!
//! What must hold: a commit of unknown outcome is seen by readers at most as one that may go away again
//! ([`View::is_durable`]), until an opening whose own commit is durable has told what became of it.

use std::time::{Duration, Instant};

use redb::{Database, ReadableDatabase};

use super::group::Request;
use super::open::{builder, incarnation_of, sync_folder};
use super::read::get_head;
use super::replay::replay;
use super::views::Doubts;
use super::volume::Session;
use super::writer::Writer;
use crate::domain::ids::UserId;
use crate::store::{Commit, Outcome, StoreError};

/// What is wrong when the path names another file than the one that is open, or none.
pub(super) const FILE_GONE: &str = "its file was removed or replaced; put it back, or restart the server";

/// A fault this soon after the last one counts as the same one going on.
const QUIET: Duration = Duration::from_secs(60);

/// How long the writer waits before it tries to open the database anew: twice as long each time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    pub(super) first: Duration,
    pub(super) longest: Duration,
    /// The one to come, and when the last fault was over.
    pub(super) next: Duration,
    pub(super) recovered: Option<Instant>,
}

impl Default for Pauses {
    fn default() -> Self {
        Pauses::between(Duration::from_millis(100), Duration::from_secs(5))
    }
}

impl Pauses {
    pub(super) fn between(first: Duration, longest: Duration) -> Pauses {
        Pauses { first, longest, next: first, recovered: None }
    }

    fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }
}

/// A database that is not written at present.
pub(super) struct Fault {
    reason: String,
    doubts: Doubts,
    retry_at: Instant,
    /// Whether readers that were failed again have had a new view since the last try.
    refrozen: bool,
}

impl Writer {
    /// Notes whose commits have an unknown outcome, and where these users stood before; [`Writer::fail`] follows.
    pub(super) fn doubt(&mut self, before: &Doubts) {
        self.doubts.extend(before);
    }

    /// The database failed: it is given up, and readers get the file's last state.
    pub(super) fn fail(&mut self, reason: &str) {
        tracing::error!(
            reason,
            "the database cannot be written; it is read on, and opened anew when the disk allows it"
        );
        self.health.record_fault();
        self.session.shut();
        self.volume.keep_unsynced();
        if self.pauses.recovered.is_none_or(|at| at.elapsed() > QUIET) {
            self.pauses.next = self.pauses.first;
        }
        let doubts = std::mem::take(&mut self.doubts);
        let retry_at = Instant::now() + self.pauses.take();
        self.fault = Some(Fault { reason: reason.to_owned(), doubts, retry_at, refrozen: false });
        if let Err(error) = self.freeze() {
            tracing::error!(error, "the database cannot be read either, beyond what is in memory");
        }
    }

    /// Gives readers the file's present state, out of reach of what is written.
    fn freeze(&self) -> Result<(), String> {
        let doubts = self.fault.as_ref().map(|fault| fault.doubts.clone()).unwrap_or_default();
        let frozen = self.volume.freeze().map_err(|error| error.to_string())?;
        let db = builder(self.volume.cache_bytes()).create_with_backend(frozen).map_err(|error| error.to_string())?;
        replay(&db, &self.journal).map_err(|error| error.to_string())?;
        self.views.replace(db, doubts);
        Ok(())
    }

    /// How long until the database is to be tried again.
    pub(super) fn until_retry(&self) -> Option<Duration> {
        self.fault.as_ref().map(|fault| fault.retry_at.saturating_duration_since(Instant::now()))
    }

    /// Whether the database is not written at present.
    pub(super) fn is_failed(&self) -> bool {
        self.fault.is_some()
    }

    /// # Errors
    /// The database is not written at present.
    pub(super) fn require_writable(&self) -> Result<(), StoreError> {
        self.fault.as_ref().map_or(Ok(()), |fault| Err(StoreError::NotWritten(fault.reason.clone())))
    }

    pub(super) fn is_retry_due(&self) -> bool {
        self.until_retry().is_some_and(|left| left.is_zero())
    }

    /// Opens the database for real, if the disk takes it.
    pub(super) fn recover(&mut self) {
        let session = self.volume.session();
        match self.reopen(&session) {
            Ok(db) => {
                let Some(fault) = self.fault.take() else { return };
                self.session = session;
                self.journal.reset();
                self.views.replace(db, Doubts::new());
                for user in fault.doubts.keys() {
                    self.publish_head(*user);
                }
                self.pauses.recovered = Some(Instant::now());
                self.health.record_recovery();
                tracing::warn!("the database can be written again");
            }
            Err(error) => {
                session.shut();
                self.volume.keep_unsynced();
                let pause = self.pauses.take();
                tracing::debug!(error, ?pause, "the database still cannot be written");
                if let Some(fault) = &mut self.fault {
                    fault.retry_at = Instant::now() + pause;
                    fault.refrozen = false;
                }
            }
        }
    }

    fn reopen(&self, session: &Session) -> Result<Database, String> {
        if !self.file.is_there() {
            return Err(FILE_GONE.to_owned());
        }
        self.volume.restore().map_err(|error| error.to_string())?;
        // The name may be new, too.
        sync_folder(self.file.path()).map_err(|error| error.to_string())?;
        let db = builder(self.volume.cache_bytes())
            .create_with_backend(session.clone())
            .map_err(|error| error.to_string())?;
        if incarnation_of(&db) != Some(self.incarnation) {
            // Nothing of ours may be written into another database's file, not even what closing it writes.
            session.shut();
            return Err("its file has another database's content".to_owned());
        }
        // Makes sure at the same time that the disk takes a commit.
        replay(&db, &self.journal).map_err(|error| error.to_string()).inspect_err(|_| session.shut())?;
        Ok(db)
    }

    /// Tells everybody where the user stands, now that it is certain.
    fn publish_head(&self, user: UserId) {
        let view = self.views.current();
        let Ok(transaction) = view.db.begin_read() else { return };
        let Ok(head) = get_head(&transaction, user) else { return };
        match head {
            Some(head) => self.published.advance(user, head.generation),
            None => self.published.remove(user),
        }
    }

    /// Answers while nothing can be written.
    pub(super) fn refuse(&mut self, requests: Vec<Request>) {
        let reason = self.fault.as_ref().map(|fault| fault.reason.clone()).unwrap_or_default();
        for request in requests {
            match request {
                Request::Commit(commit, answer) => {
                    let _ = answer.send(self.confirm(&commit, &reason));
                }
                Request::Administer(_, answer) => {
                    let _ = answer.send(Err(StoreError::NotWritten(reason.clone())));
                }
                Request::PutTimeline(..) | Request::NoteUse(..) => {}
                Request::Look => self.look(),
            }
        }
    }

    /// What a commit that changes nothing asks for can be told: whether its state is the one that lasts.
    fn confirm(&self, commit: &Commit, reason: &str) -> Result<Outcome, StoreError> {
        if !commit.changes.is_empty() {
            return Err(StoreError::NotWritten(reason.to_owned()));
        }
        let view = self.views.current();
        let failed = |error: redb::TransactionError| StoreError::Read(error.to_string());
        let head = get_head(&view.db.begin_read().map_err(failed)?, commit.user)?;
        let generation = head.map(|head| head.generation).unwrap_or_default();
        if generation != commit.expected {
            Ok(Outcome::Stale { generation })
        } else if view.is_durable(commit.user, generation) {
            Ok(Outcome::Committed { generation })
        } else {
            Err(StoreError::Unknown(reason.to_owned()))
        }
    }

    /// A reader was failed by the database: gives it another if this one has failed for good.
    pub(super) fn look(&mut self) {
        let Err(error) = self.views.current().db.begin_write().map(drop) else { return };
        let Some(fault) = &mut self.fault else { return self.fail(&error.to_string()) };
        // Once between two tries: a spot that cannot be read would have everybody wait for it all the time.
        if !std::mem::replace(&mut fault.refrozen, true)
            && let Err(error) = self.freeze()
        {
            tracing::debug!(error, "the database still cannot be read");
        }
    }
}
