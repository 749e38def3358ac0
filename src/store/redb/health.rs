//! Whether the store can be written, and whether its file is still the one that was opened.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::views::Views;
use super::volume::lock;
use crate::store::metrics::StoreMetrics;

/// Whether writes succeed, as the last one told, and how often one waited for the disk.
#[derive(Debug, Default)]
pub(super) struct Health {
    failed: AtomicBool,
    syncs: AtomicU64,
    pub(super) metrics: StoreMetrics,
}

impl Health {
    pub(super) fn is_writable(&self) -> bool {
        !self.failed.load(Ordering::Acquire)
    }

    pub(super) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Acquire)
    }

    pub(super) fn record_write(&self, durable: bool) {
        self.syncs.fetch_add(u64::from(durable), Ordering::AcqRel);
    }

    pub(super) fn record_fault(&self) {
        self.failed.store(true, Ordering::Release);
    }

    pub(super) fn record_recovery(&self) {
        self.failed.store(false, Ordering::Release);
    }
}

/// Records at its end that nothing can be written any more, and that nobody needs to wait for the writer.
pub(super) struct Ended<'a> {
    pub(super) health: &'a Health,
    pub(super) views: &'a Views,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.health.record_fault();
        self.views.end();
    }
}

/// What `stat` counts blocks in, whatever those of the file system are.
const BLOCK_BYTES: u64 = 512;

/// As [`DatabaseFile::bytes_on_disk`], of any file.
pub(super) fn bytes_on_disk(path: &Path) -> io::Result<u64> {
    fs::metadata(path).map(|found| found.blocks() * BLOCK_BYTES)
}

/// A file of the database's, by name and by what the name has to stand for.
pub(super) struct DatabaseFile {
    path: PathBuf,
    identity: Mutex<Identity>,
}

/// Device and inode.
type Identity = (u64, u64);

fn identity_of(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

impl DatabaseFile {
    pub(super) fn at(path: &Path) -> io::Result<DatabaseFile> {
        Ok(DatabaseFile { path: path.to_owned(), identity: Mutex::new(identity_of(path)?) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the name still stands for the file that is open: what is written into one that somebody
    /// removed is gone with the process.
    pub(super) fn is_there(&self) -> bool {
        let identity = lock(&self.identity);
        identity_of(&self.path).is_ok_and(|now| now == *identity)
    }

    /// Gives the name to another file; nobody finds in between that it is gone.
    pub(super) fn replace_by(&self, other: &Path) -> io::Result<()> {
        let mut identity = lock(&self.identity);
        let new = identity_of(other)?;
        fs::rename(other, &self.path)?;
        *identity = new;
        Ok(())
    }

    /// Bytes of the file.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        fs::metadata(&self.path).map(|found| found.len())
    }

    /// Bytes that the file takes of the disk, once it is synced: less than its length, where it has room to grow into.
    pub(super) fn bytes_on_disk(&self) -> io::Result<u64> {
        bytes_on_disk(&self.path)
    }

    /// Bytes that are free for this program where the file is.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let folder = rustix::fs::statvfs(&self.path)?;
        Ok(folder.f_bavail.saturating_mul(folder.f_frsize))
    }
}
