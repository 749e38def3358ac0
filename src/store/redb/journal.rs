//! The journal: a file beside the database that commits are appended to and synced, which one write of a few
//! kilobytes does. The database takes them at once too, but is made durable for many of them together, in a quiet
//! moment or when the journal is full. After a crash those that it lacks are carried out again.
//!
//! A record is what one group of commits changed. Records are numbered without a gap, and every durable transaction
//! of the database keeps the number of the last one that is in it. So it does not matter what the file still has of
//! older ones: it is written again from its beginning as soon as the database has everything.
//!
//! A record begins with [`MAGIC`], the length of its content (4 bytes), its number (8), the database's incarnation
//! (16) and the first half of the SHA-256 of all that and the content (16), numbers in network order; the content
//! follows, and zeros up to a whole block. As no block has parts of two records, what is acknowledged is never
//! written a second time, and the first record that does not check is where the journal ends.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use redb::StorageBackend;
use redb::backends::FileBackend;
use sha2::{Digest, Sha256};

use super::health::DatabaseFile;
use crate::store::Incarnation;

const MAGIC: [u8; 4] = *b"CMJ1";
const HEAD_BYTES: usize = 48;
/// Where in the head the incarnation begins, and the checksum.
const INCARNATION_AT: usize = 16;
const CHECKSUM_AT: usize = 32;
const BLOCK_BYTES: usize = 4_096;
/// The journal is full at this size: carrying all of it out again takes less than a second.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A longer content is better written to the database alone than twice.
pub(super) const CONTENT_BYTES_MAX: usize = 256 * 1024;
/// The file grows by this much at a time: overwriting what is there is synced sooner than appending.
const GROWTH_BYTES: usize = 256 * 1024;

/// Where the journal is kept.
pub(super) enum Place {
    /// In a file that is there only while it is needed.
    File(PathBuf),
    #[cfg(test)]
    Disk(super::disk::Disk),
}

/// Why a record is not, or perhaps not, in the journal.
#[derive(Debug)]
pub(super) enum AppendError {
    /// Nothing of it is there.
    NotWritten(io::Error),
    /// A crash may bring it back.
    Unknown(io::Error),
}

/// Why a journal that was found cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum JournalError {
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It has changes of a database that this is not.
    #[error("it belongs to another database")]
    Foreign,
    /// The database does not have what came before what is in it.
    #[error("changes before the first one in it are missing from the database")]
    Gap,
    /// A record that others follow does not check.
    #[error("it is damaged, and changes that were acknowledged are behind the damage")]
    Damaged,
}

pub(super) struct Record {
    pub(super) number: u64,
    pub(super) content: Vec<u8>,
}

pub(super) struct Journal {
    place: Place,
    file: Option<Open>,
    incarnation: Incarnation,
    /// The number of the last record that was tried to write.
    last: u64,
    /// Where the next one goes.
    end: u64,
    /// What is in the file and not yet durable in the database, oldest first.
    waiting: Vec<Record>,
}

struct Open {
    storage: Box<dyn StorageBackend>,
    /// The name of a real file.
    named: Option<DatabaseFile>,
    len: u64,
}

impl Journal {
    /// The journal of a database that has everything up to the record of this number.
    ///
    /// # Errors
    /// A file that cannot be read, or that is not this database's next part.
    pub(super) fn open(place: Place, incarnation: Incarnation, number: u64) -> Result<Journal, JournalError> {
        let mut journal = Journal { place, file: None, incarnation, last: number, end: 0, waiting: Vec::new() };
        if journal.place.is_there() {
            let file = journal.place.open()?;
            journal.read(&*file.storage, file.len)?;
            journal.file = Some(file);
        }
        Ok(journal)
    }

    /// Whether the name of the file that is written stands for another one now, or for none: a start would not find it.
    pub(super) fn is_lost(&self) -> bool {
        self.file.as_ref().and_then(|file| file.named.as_ref()).is_some_and(|named| !named.is_there())
    }

    /// Takes over the records that the database lacks.
    fn read(&mut self, storage: &dyn StorageBackend, len: u64) -> Result<(), JournalError> {
        let mut at = 0;
        let mut before = None;
        while let Some((record, incarnation, size)) = read_record(storage, at, len)? {
            if before.is_some_and(|before| record.number != before + 1) {
                break;
            }
            if incarnation != self.incarnation {
                // What stands behind a record may be a piece of an older one, with whatever bytes a user put there.
                if before.is_some() {
                    break;
                }
                return Err(JournalError::Foreign);
            }
            before = Some(record.number);
            at += size;
            if record.number > self.last {
                if record.number != self.last + 1 {
                    return Err(JournalError::Gap);
                }
                self.last = record.number;
                self.waiting.push(record);
            }
        }
        self.require_end(storage, at, len)?;
        // Behind records that the database has, a later one would not follow from the last of them.
        self.end = if self.waiting.is_empty() { 0 } else { at };
        Ok(())
    }

    /// A record is written only when all before it are on disk: one of ours behind the end, and later than all that the
    /// database and the journal have, tells that one before it was acknowledged and is damaged.
    fn require_end(&self, storage: &dyn StorageBackend, end: u64, len: u64) -> Result<(), JournalError> {
        for at in (end..len).step_by(BLOCK_BYTES) {
            match read_record(storage, at, len)? {
                Some((record, incarnation, _)) if incarnation == self.incarnation && record.number > self.last => {
                    return Err(JournalError::Damaged);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The number of the last record, for the database to keep with everything that is in it.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// What is acknowledged and not yet durable in the database, oldest first.
    pub(super) fn waiting(&self) -> &[Record] {
        &self.waiting
    }

    /// Whether the content has to go to the database itself.
    pub(super) fn is_full_for(&self, content: &[u8]) -> bool {
        content.len() > CONTENT_BYTES_MAX || self.end + content.len() as u64 > BYTES_MAX
    }

    /// Appends a record; it is on disk when this returns.
    ///
    /// # Errors
    /// After any, the database has to be made durable and the journal [reset](Journal::reset) before the next record.
    pub(super) fn append(&mut self, content: Vec<u8>) -> Result<(), AppendError> {
        self.last += 1;
        let bytes = encode(self.last, self.incarnation, &content);
        let at = self.end;
        let file = self.file().map_err(AppendError::NotWritten)?;
        // On a full disk this is what fails, and nothing but zeros was written yet.
        file.grow_to(at + bytes.len() as u64).map_err(AppendError::NotWritten)?;
        if let Err(error) = file.storage.write(at, &bytes) {
            return Err(if file.erase(at).is_ok() {
                AppendError::NotWritten(error)
            } else {
                AppendError::Unknown(error)
            });
        }
        file.storage.sync_data().map_err(AppendError::Unknown)?;
        self.end += bytes.len() as u64;
        self.waiting.push(Record { number: self.last, content });
        Ok(())
    }

    /// The file, which is made when it is first needed.
    fn file(&mut self) -> io::Result<&mut Open> {
        if self.is_lost() {
            return Err(io::Error::other("the journal's file was removed or replaced"));
        }
        if self.file.is_none() {
            self.file = Some(self.place.open()?);
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Everything is durable in the database: begins anew.
    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        self.end = 0;
        if self.is_lost() {
            self.file = None;
        }
    }

    /// As [`Journal::reset`], and leaves nothing of what was written: after somebody's data was removed, or at the end.
    pub(super) fn discard(&mut self) {
        self.reset();
        if self.file.take().is_some()
            && let Err(error) = self.place.remove()
        {
            tracing::warn!(%error, "the journal could not be removed; everything in it is in the database");
        }
    }
}

impl Open {
    fn grow_to(&mut self, end: u64) -> io::Result<()> {
        while self.len < end {
            self.storage.write(self.len, &[0; GROWTH_BYTES])?;
            self.len += GROWTH_BYTES as u64;
        }
        Ok(())
    }

    /// Makes certain that no record begins here.
    fn erase(&self, at: u64) -> io::Result<()> {
        self.storage.write(at, &[0; HEAD_BYTES])?;
        self.storage.sync_data()
    }
}

impl Place {
    fn is_there(&self) -> bool {
        match self {
            Place::File(path) => path.exists(),
            #[cfg(test)]
            Place::Disk(_) => true,
        }
    }

    fn open(&self) -> io::Result<Open> {
        match self {
            Place::File(path) => {
                let is_new = !path.exists();
                // It has documents in it, which are their owner's alone.
                let file = fs::OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .mode(0o600)
                    .open(path)?;
                if is_new {
                    super::open::sync_folder(path)?;
                }
                let len = file.metadata()?.len();
                let named = Some(DatabaseFile::at(path)?);
                let storage = FileBackend::new(file).map_err(io::Error::other)?;
                Ok(Open { storage: Box::new(storage), named, len })
            }
            #[cfg(test)]
            Place::Disk(disk) => {
                let len = disk.len()?;
                Ok(Open { storage: Box::new(disk.clone()), named: None, len })
            }
        }
    }

    fn remove(&self) -> io::Result<()> {
        match self {
            Place::File(path) => fs::remove_file(path),
            #[cfg(test)]
            Place::Disk(_) => Ok(()),
        }
    }
}

fn encode(number: u64, incarnation: Incarnation, content: &[u8]) -> Vec<u8> {
    let len = HEAD_BYTES + content.len();
    let mut bytes = Vec::with_capacity(len.next_multiple_of(BLOCK_BYTES));
    bytes.extend(MAGIC);
    bytes.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(number.to_be_bytes());
    bytes.extend(incarnation.0);
    let checksum = checksum(&bytes, content);
    bytes.extend(checksum);
    bytes.extend(content);
    bytes.resize(len.next_multiple_of(BLOCK_BYTES), 0);
    bytes
}

fn checksum(head: &[u8], content: &[u8]) -> [u8; 16] {
    let digest = Sha256::new().chain_update(head).chain_update(content).finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

/// The record that begins there, whose it is, and how many bytes it takes; `None` where none does.
fn read_record(storage: &dyn StorageBackend, at: u64, len: u64) -> io::Result<Option<(Record, Incarnation, u64)>> {
    let mut head = [0; HEAD_BYTES];
    if at + HEAD_BYTES as u64 > len {
        return Ok(None);
    }
    storage.read(at, &mut head)?;
    let (Ok(content_len), Ok(number), Ok(incarnation)) = (
        head[MAGIC.len()..8].try_into().map(u32::from_be_bytes),
        head[8..INCARNATION_AT].try_into().map(u64::from_be_bytes),
        head[INCARNATION_AT..CHECKSUM_AT].try_into().map(Incarnation),
    ) else {
        return Ok(None);
    };
    let content_len = content_len as usize;
    if head[..MAGIC.len()] != MAGIC || content_len > CONTENT_BYTES_MAX {
        return Ok(None);
    }
    if at + (HEAD_BYTES + content_len) as u64 > len {
        return Ok(None);
    }
    let mut content = vec![0; content_len];
    storage.read(at + HEAD_BYTES as u64, &mut content)?;
    if checksum(&head[..CHECKSUM_AT], &content) != head[CHECKSUM_AT..] {
        return Ok(None);
    }
    let size = (HEAD_BYTES + content_len).next_multiple_of(BLOCK_BYTES) as u64;
    Ok(Some((Record { number, content }, incarnation, size)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::redb::disk::{Disk, Failing};

    const OURS: Incarnation = Incarnation([7; 16]);

    fn open(disk: &Disk, number: u64) -> Result<Journal, JournalError> {
        Journal::open(Place::Disk(disk.clone()), OURS, number)
    }

    fn contents(journal: &Journal) -> Vec<(u64, Vec<u8>)> {
        journal.waiting().iter().map(|record| (record.number, record.content.clone())).collect()
    }

    #[test]
    fn what_was_appended_is_found_and_what_the_database_has_is_not() {
        let disk = Disk::new();
        let mut journal = open(&disk, 4).unwrap();
        let written: Vec<_> = (5_u8..9).map(|byte| (u64::from(byte), vec![byte; usize::from(byte) * 1_000])).collect();
        for (_, content) in &written {
            journal.append(content.clone()).unwrap();
        }
        disk.cut_power();
        assert_eq!(contents(&open(&disk, 4).unwrap()), written);
        assert_eq!(contents(&open(&disk, 6).unwrap()), written[2..]);
        let mut all_known = open(&disk, 8).unwrap();
        assert!(contents(&all_known).is_empty());
        all_known.append(vec![9]).unwrap();
        assert_eq!(contents(&open(&disk, 8).unwrap()), [(9, vec![9])], "after the ones that are known");
    }

    #[test]
    fn what_follows_records_that_the_database_has_is_found_though_a_number_is_missing() {
        let disk = Disk::new();
        let mut journal = open(&disk, 0).unwrap();
        journal.append(vec![1]).unwrap();
        disk.fail(Failing::Once(disk.calls() + 1));
        assert!(matches!(journal.append(vec![2]), Err(AppendError::NotWritten(_))));
        // The database was made durable after that, and the process killed.
        let mut journal = open(&disk, 2).unwrap();
        journal.append(vec![3]).unwrap();
        disk.cut_power();
        assert_eq!(contents(&open(&disk, 2).unwrap()), [(3, vec![3])]);
    }

    #[test]
    fn a_damaged_record_that_others_follow_is_refused() {
        let disk = Disk::new();
        let mut journal = open(&disk, 0).unwrap();
        for byte in 1..=3 {
            journal.append(vec![byte; 5_000]).unwrap();
        }
        for (record, at) in [(0, 60), (0, 0), (1, 4), (1, 20), (1, 5_000)] {
            let damaged = disk.copy(at);
            let at = record * 2 * BLOCK_BYTES as u64 + at;
            damaged.write(at, &[0x55]).unwrap();
            assert!(matches!(open(&damaged, record), Err(JournalError::Damaged)), "{at}");
            assert!(contents(&open(&damaged, 3).unwrap()).is_empty(), "the database has them all");
        }
    }

    #[test]
    fn bytes_of_a_user_are_not_taken_for_a_record() {
        let disk = Disk::new();
        let mut journal = open(&disk, 0).unwrap();
        // A document that is a record for whoever does not know the database's incarnation, at the second block.
        let mut document = vec![0; BLOCK_BYTES - HEAD_BYTES];
        document.extend(encode(3, Incarnation([8; 16]), b"forged"));
        journal.append(document).unwrap();
        journal.reset();
        journal.append(vec![2]).unwrap();
        assert_eq!(contents(&open(&disk, 1).unwrap()), [(2, vec![2])]);
    }

    #[test]
    fn older_records_behind_the_end_are_not_taken_for_newer_ones() {
        let disk = Disk::new();
        let mut journal = open(&disk, 0).unwrap();
        for byte in 1..=6 {
            journal.append(vec![byte]).unwrap();
        }
        journal.reset();
        journal.append(vec![7]).unwrap();
        assert_eq!(contents(&open(&disk, 6).unwrap()), [(7, vec![7])]);
        journal.append(vec![8]).unwrap();
        assert_eq!(contents(&open(&disk, 6).unwrap()), [(7, vec![7]), (8, vec![8])]);
    }

    #[test]
    fn a_record_ends_the_journal_wherever_it_is_damaged() {
        let disk = Disk::new();
        let mut journal = open(&disk, 0).unwrap();
        journal.append(vec![1; 5_000]).unwrap();
        let end = journal.end;
        journal.append(vec![2; 100]).unwrap();
        for at in 0..HEAD_BYTES as u64 + 100 {
            let damaged = disk.copy(at);
            let mut byte = [0];
            damaged.read(end + at, &mut byte).unwrap();
            damaged.write(end + at, &[byte[0] ^ 1]).unwrap();
            assert_eq!(contents(&open(&damaged, 0).unwrap()), [(1, vec![1; 5_000])], "byte {at}");
        }
    }

    #[test]
    fn a_journal_of_another_database_or_of_a_later_state_is_refused() {
        let disk = Disk::new();
        let mut journal = open(&disk, 3).unwrap();
        journal.append(vec![4]).unwrap();
        assert!(matches!(open(&disk, 2), Err(JournalError::Gap)));
        let other = Journal::open(Place::Disk(disk), Incarnation([8; 16]), 3);
        assert!(matches!(other, Err(JournalError::Foreign)));
    }

    #[test]
    fn a_record_that_could_not_be_written_is_not_there_for_certain() {
        let disk = Disk::new();
        let mut journal = open(&disk, 0).unwrap();
        journal.append(vec![1]).unwrap();
        disk.fail(Failing::Once(disk.calls() + 1));
        assert!(matches!(journal.append(vec![2]), Err(AppendError::NotWritten(_))));
        assert_eq!(contents(&open(&disk, 0).unwrap()), [(1, vec![1])]);
        disk.fail(Failing::ForGood(disk.calls() + 1));
        assert!(matches!(journal.append(vec![3]), Err(AppendError::Unknown(_))));
    }

    #[test]
    fn a_full_disk_leaves_no_doubt() {
        let disk = Disk::new();
        let mut journal = open(&disk, 0).unwrap();
        while journal.end < GROWTH_BYTES as u64 {
            journal.append(vec![1]).unwrap();
        }
        disk.fail(Failing::WritesForGood(disk.calls() + 1));
        assert!(matches!(journal.append(vec![2]), Err(AppendError::NotWritten(_))));
    }

    #[test]
    fn it_says_when_it_is_full() {
        let disk = Disk::new();
        let mut journal = open(&disk, 0).unwrap();
        assert!(journal.is_full_for(&vec![0; CONTENT_BYTES_MAX + 1]));
        let mut bytes = 0;
        while !journal.is_full_for(&vec![0; CONTENT_BYTES_MAX]) {
            journal.append(vec![0; CONTENT_BYTES_MAX]).unwrap();
            bytes += CONTENT_BYTES_MAX as u64;
        }
        assert!(bytes + CONTENT_BYTES_MAX as u64 >= BYTES_MAX && journal.end <= BYTES_MAX);
        journal.reset();
        assert!(!journal.is_full_for(&[0]));
    }
}
