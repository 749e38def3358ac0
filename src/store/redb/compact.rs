//! Giving unused space of the database's file back to the system.
//!
//! Pages that are not needed any more are used again and stay in the file. So its content is written into another file,
//! which then takes its name; readers go on in the old one until they are done.
//!
//! What must hold: at every moment the name stands for a whole database that has everything that was acknowledged.
//! While the copy is made nothing is written, and nothing is in the journal alone.

use std::fs;
use std::path::Path;

use redb::{Database, TransactionError};

use super::Store;
use super::health::bytes_on_disk;
use super::open::{NEW, sync_folder};
use super::rewrite::Copy;
use super::views::Doubts;
use super::writer::{Writer, commit_durably};
use crate::store::{Compacted, StoreError};

/// What a file has beside its content, in bytes, rounded up.
const FRAME_BYTES: u64 = 4 * 1024 * 1024;

impl Store {
    /// Gives the space of the database's file back that is not used. Commits wait meanwhile, readers do not. For
    /// threads that may wait for the disk.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`] when the disk has no room for a copy of what is used, before anything is written. Of any
    /// other error everything is as it was, but for [`StoreError::Unknown`]: the new file is in place, and the database
    /// is not written until its name is certain to last.
    pub fn compact(&self) -> Result<Compacted, StoreError> {
        self.seat.alone(Writer::compact)
    }
}

impl Writer {
    fn compact(&mut self) -> Result<Compacted, StoreError> {
        let not_written = |error: redb::Error| StoreError::NotWritten(error.to_string());
        let bytes = |writer: &Writer| writer.file.bytes_on_disk().map_err(|error| not_written(error.into()));
        if !self.file.is_there() {
            return Err(StoreError::NotWritten(super::fault::FILE_GONE.to_owned()));
        }
        let before = bytes(self)?;
        let view = self.views.current();
        let needed_bytes = needed_bytes(&view.db).map_err(|error| not_written(error.into()))?;
        let free_bytes = self.file.free_bytes().map_err(|error| not_written(error.into()))?;
        if free_bytes < needed_bytes {
            return Err(StoreError::NoRoom { needed_bytes, free_bytes });
        }
        let new = self.file.path().with_extension(NEW);
        let copied = self.copy(&view.db, &new).and_then(|copy| {
            let is_smaller = bytes_on_disk(&new)? < before;
            if is_smaller {
                self.file.replace_by(&new)?;
            }
            Ok(Some(copy).filter(|_| is_smaller))
        });
        if !matches!(copied, Ok(Some(_))) {
            // One that stays is replaced by the next, and removed by the next start.
            let _ = fs::remove_file(&new);
        }
        drop(view);
        let Some(copy) = copied.map_err(not_written)? else {
            return Ok(Compacted { bytes_before: before, bytes_after: before });
        };
        self.volume = copy.volume;
        self.session = copy.session;
        self.views.replace(copy.db, Doubts::new());
        if let Err(error) = sync_folder(self.file.path()) {
            // After a crash the name may stand for the old file, which must not lack anything then.
            self.fail(&error.to_string());
            return Err(StoreError::Unknown(error.to_string()));
        }
        Ok(Compacted { bytes_before: before, bytes_after: bytes(self)? })
    }

    fn copy(&self, from: &Database, path: &Path) -> Result<Copy, redb::Error> {
        let copy = Copy::write(from, path, self.volume.cache_bytes(), &path.display().to_string(), |_, _| None)?;
        // With what a start after a crash needs.
        commit_durably(copy.db.begin_write()?, &self.journal)?;
        Ok(copy)
    }
}

/// What a copy of a database may take: pages of a new one are at least half full.
fn needed_bytes(db: &Database) -> Result<u64, TransactionError> {
    let transaction = db.begin_write()?;
    let stats = transaction.stats().map_err(TransactionError::Storage)?;
    Ok((stats.stored_bytes() + stats.metadata_bytes()) * 2 + FRAME_BYTES)
}
