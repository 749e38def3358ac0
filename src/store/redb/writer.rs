//! The one writer: whoever has it takes all waiting commits, applies each against its own expected
//! generation in one transaction, makes it durable once, publishes, and then answers all.
//!
//! Durable means in the journal: the database itself is made durable for many groups together.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use redb::{Durability, ReadableDatabase, WriteTransaction};

use super::apply::store_timelines;
use super::fault::{Fault, Pauses};
use super::group::{Group, Request};
use super::health::{DatabaseFile, Health};
use super::journal::{AppendError, Journal};
use super::read::get_head;
use super::schema::{META, META_JOURNAL};
use super::tables::Tables;
use super::views::{Doubts, View, Views};
use super::volume::{Session, Volume};
use crate::domain::ids::{Generation, UserId};
use crate::store::hot::Published;
use crate::store::{Administration, Finished, Incarnation, Mend, StoreError};

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

impl Writer {
    /// What tells others how the writer is.
    pub(super) fn watched(&self) -> (Arc<Health>, Arc<Views>) {
        (self.health.clone(), self.views.clone())
    }

    /// Whoever asked for a look at a database that failed has had it.
    pub(super) fn looked(&self) {
        self.views.looked();
    }

    /// What of the requests is to be served now; timelines wait for a quiet moment, unless there are many. One of a
    /// generation that the user does not stand at is of no use, and would be wrong when the user gets there.
    pub(super) fn put_off(&self, requests: Vec<Request>, later: &mut HashMap<UserId, Finished>) -> Vec<Request> {
        let mut group = Vec::with_capacity(requests.len());
        for request in requests {
            match request {
                Request::PutTimeline(user, finished) if self.stands_at(user, finished.generation) => {
                    later.insert(user, finished);
                }
                Request::PutTimeline(..) => {}
                request => {
                    if let Request::Administer(administration, _) = &request
                        && let Administration::Mend(rows) = &**administration
                    {
                        rows.iter().filter_map(Mend::planned_for).for_each(|user| drop(later.remove(&user)));
                    }
                    group.push(request);
                }
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
    pub(super) fn close(&mut self, timelines: HashMap<UserId, Finished>) {
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
    pub(super) fn settle(&mut self, timelines: HashMap<UserId, Finished>) {
        match self.store(timelines) {
            Ok(()) => self.journal.reset(),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Stores timelines that are still right, durably.
    fn store(&self, timelines: HashMap<UserId, Finished>) -> Result<(), redb::Error> {
        let transaction = self.begin(&self.views.current())?;
        let mut tables = Tables::of(&transaction);
        let mut group = Group::default();
        for (user, finished) in timelines {
            group.apply(&mut tables, Request::PutTimeline(user, finished))?;
        }
        store_timelines(&mut tables, &group.timelines)?;
        drop(tables);
        commit_durably(transaction, &self.journal)
    }

    /// Whether the database has something afterwards that is not durable in it.
    pub(super) fn serve(&mut self, requests: Vec<Request>) -> bool {
        let (begun, size) = (Instant::now(), requests.len());
        let mut group = Group::default();
        let mut requests = requests.into_iter();
        let written = self.write(&mut group, &mut requests);
        let is_durable = group.is_durable();
        self.health.metrics.transaction(size, begun.elapsed(), is_durable, written.is_ok());
        match written {
            Ok(to_show) => {
                self.health.record_write(is_durable);
                self.show(group, to_show)
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

    /// Tells everybody what became of a group, and has the database show it. Whoever was told and reads it there waits
    /// for that; everybody else does not have to. Whether the database then has something that is not durable in it.
    fn show(&mut self, group: Group, to_show: Option<WriteTransaction>) -> bool {
        let views = self.views.clone();
        let _held = views.hold();
        group.publish(&self.published);
        let Some(transaction) = to_show else { return false };
        if let Err(error) = commit(transaction) {
            // The journal has it: another view gets it from there.
            views.current().fell_behind();
            self.fail(&error.to_string());
            return false;
        }
        true
    }

    /// Carries the requests out and makes durable what has to be. What comes back the database does not show yet.
    fn write(
        &mut self,
        group: &mut Group,
        requests: &mut impl Iterator<Item = Request>,
    ) -> Result<Option<WriteTransaction>, StoreError> {
        let view = self.views.current();
        let applied = self.begin(&view).and_then(|transaction| {
            let mut tables = Tables::of(&transaction);
            // After a failure nothing more is applied: the transaction is lost anyway.
            for request in requests {
                group.apply(&mut tables, request)?;
            }
            store_timelines(&mut tables, &group.timelines)?;
            drop(tables);
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
            return Ok(None);
        }
        if !group.record.is_empty() {
            // Readers see nothing of it before it is on disk.
            self.journal.append(std::mem::take(&mut group.record)).map_err(|error| match error {
                AppendError::NotWritten(error) => StoreError::NotWritten(error.to_string()),
                AppendError::Unknown(error) => StoreError::Unknown(error.to_string()),
            })?;
        }
        Ok(Some(transaction))
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
