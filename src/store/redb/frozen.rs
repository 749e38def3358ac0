//! The database's file as it was at one moment: what is written stays in memory, and what is written to the file
//! meanwhile is not seen.
//!
//! redb can only read a database that it may repair first. After a failure of the disk it repairs in here, and
//! reading goes on although the file takes nothing.

use std::collections::HashMap;
use std::io;
use std::ops::{Bound, Range};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{BackendError, StorageBackend};

use super::volume::Volume;

const PAGE_BYTES: u64 = 4_096;

#[derive(Debug)]
pub(super) struct Frozen {
    volume: Arc<Volume>,
    overlay: Arc<Overlay>,
}

/// What differs from the file.
#[derive(Debug)]
pub(super) struct Overlay(RwLock<Pages>);

#[derive(Debug)]
struct Pages {
    /// By number: pages that were written here, or that the file had before it was written.
    own: HashMap<u64, Box<[u8]>>,
    len: u64,
    /// Up to here the file's pages are those of the moment; behind it there are zeros.
    file_len: u64,
    /// From here on the file was cut off since, and its pages are lost.
    cut_at: u64,
}

impl Frozen {
    pub(super) fn new(volume: Arc<Volume>, overlay: Arc<Overlay>) -> Frozen {
        Frozen { volume, overlay }
    }
}

impl StorageBackend for Frozen {
    fn len(&self) -> io::Result<u64> {
        Ok(self.overlay.0.read().unwrap_or_else(PoisonError::into_inner).len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let pages = self.overlay.0.read().unwrap_or_else(PoisonError::into_inner);
        let end = offset + out.len() as u64;
        if end > pages.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for piece in pieces(offset, end) {
            let out = &mut out[span(&(piece.start - offset..piece.end - offset))];
            match pages.own.get(&(piece.start / PAGE_BYTES)) {
                Some(page) => out.copy_from_slice(&page[within(&piece)]),
                None => pages.read_file(self.volume.storage(), piece.start, out)?,
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut pages = self.overlay.0.write().unwrap_or_else(PoisonError::into_inner);
        if len < pages.len {
            pages.own.retain(|number, _| number * PAGE_BYTES < len);
            let last = len / PAGE_BYTES;
            if let Some(page) = pages.own.get_mut(&last) {
                page[span(&(len % PAGE_BYTES..PAGE_BYTES))].fill(0);
            }
        }
        pages.file_len = pages.file_len.min(len);
        pages.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.overlay.write(self.volume.storage(), offset, data)
    }

    // The volume has the locks.
    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}

impl Overlay {
    pub(super) fn new(len: u64) -> Overlay {
        Overlay(RwLock::new(Pages { own: HashMap::new(), len, file_len: len, cut_at: u64::MAX }))
    }

    pub(super) fn write(&self, file: &dyn StorageBackend, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut pages = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for piece in pieces(offset, offset + data.len() as u64) {
            let data = &data[span(&(piece.start - offset..piece.end - offset))];
            pages.own_page(file, piece.start / PAGE_BYTES)?[within(&piece)].copy_from_slice(data);
        }
        Ok(())
    }

    /// Keeps what the file has there, and then writes the file.
    pub(super) fn before_write(
        &self,
        file: &dyn StorageBackend,
        offset: u64,
        len: usize,
        write: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let mut pages = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for piece in pieces(offset, (offset + len as u64).min(pages.file_len)) {
            pages.own_page(file, piece.start / PAGE_BYTES)?;
        }
        write()
    }

    /// Notes that the file ends there from now on, and then cuts it.
    pub(super) fn before_cut(&self, len: u64, cut: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut pages = self.0.write().unwrap_or_else(PoisonError::into_inner);
        pages.cut_at = pages.cut_at.min(len);
        cut()
    }
}

impl Pages {
    fn own_page(&mut self, file: &dyn StorageBackend, number: u64) -> io::Result<&mut [u8]> {
        if !self.own.contains_key(&number) {
            let mut page = vec![0; span(&(0..PAGE_BYTES)).len()].into_boxed_slice();
            self.read_file(file, number * PAGE_BYTES, &mut page)?;
            self.own.insert(number, page);
        }
        self.own.get_mut(&number).map(|page| &mut page[..]).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// What the file had there, with zeros behind its end.
    fn read_file(&self, file: &dyn StorageBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.file_len.saturating_sub(offset).min(out.len() as u64);
        if offset + there > self.cut_at {
            return Err(io::Error::other("this part of the file was cut off since"));
        }
        let (there, beyond) = out.split_at_mut(span(&(0..there)).len());
        beyond.fill(0);
        if there.is_empty() { Ok(()) } else { file.read(offset, there) }
    }
}

/// The parts of a range that lie in one page each.
fn pieces(offset: u64, end: u64) -> impl Iterator<Item = Range<u64>> {
    let mut start = offset;
    std::iter::from_fn(move || {
        let piece = start..end.min((start / PAGE_BYTES + 1) * PAGE_BYTES);
        start = piece.end.max(start);
        (piece.start < piece.end).then_some(piece)
    })
}

/// Where a piece lies within its page.
fn within(piece: &Range<u64>) -> Range<usize> {
    let base = piece.start / PAGE_BYTES * PAGE_BYTES;
    span(&(piece.start - base..piece.end - base))
}

/// A range within a buffer in memory, which a `usize` can count.
fn span(range: &Range<u64>) -> Range<usize> {
    let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
    index(range.start)..index(range.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::redb::disk::{CACHE_BYTES, Dice, Disk};

    fn content(storage: &impl StorageBackend) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(storage.len().unwrap()).unwrap()];
        storage.read(0, &mut bytes).unwrap();
        bytes
    }

    /// Writes somewhere, of any length, and does the same to what is expected.
    fn write(storage: &impl StorageBackend, expected: &mut [u8], dice: &mut Dice) {
        let offset = usize::try_from(dice.roll(expected.len() as u64)).unwrap();
        let len = usize::try_from(1 + dice.roll(3 * PAGE_BYTES)).unwrap().min(expected.len() - offset);
        let data = vec![u8::try_from(dice.roll(256)).unwrap(); len];
        storage.write(offset as u64, &data).unwrap();
        expected[offset..offset + len].copy_from_slice(&data);
    }

    #[test]
    fn the_file_and_its_frozen_state_do_not_see_each_others_writes() {
        for seed in 0..20 {
            let (disk, mut dice) = (Disk::new(), Dice::new(seed));
            disk.set_len(10 * PAGE_BYTES + dice.roll(PAGE_BYTES)).unwrap();
            let mut in_file = content(&disk);
            write(&disk, &mut in_file, &mut dice);
            let volume = Volume::new(disk.clone(), CACHE_BYTES);
            let (session, frozen) = (volume.session(), volume.freeze().unwrap());
            let mut in_frozen = in_file.clone();
            for _ in 0..30 {
                if dice.roll(2) == 0 {
                    write(&session, &mut in_file, &mut dice);
                } else {
                    write(&frozen, &mut in_frozen, &mut dice);
                }
                if dice.roll(8) == 0 {
                    let len = 8 * PAGE_BYTES + dice.roll(4 * PAGE_BYTES);
                    frozen.set_len(len).unwrap();
                    in_frozen.resize(usize::try_from(len).unwrap(), 0);
                }
                assert!(content(&disk) == in_file && content(&frozen) == in_frozen, "seed {seed}");
            }
        }
    }

    #[test]
    fn what_the_file_lost_is_an_error_and_not_another_content() {
        let disk = Disk::new();
        disk.set_len(4 * PAGE_BYTES).unwrap();
        disk.write(0, &[7; 4 * 4_096]).unwrap();
        let volume = Volume::new(disk, CACHE_BYTES);
        let (session, frozen) = (volume.session(), volume.freeze().unwrap());
        session.write(2 * PAGE_BYTES, &[8; 4_096]).unwrap();
        session.set_len(2 * PAGE_BYTES).unwrap();
        session.set_len(4 * PAGE_BYTES).unwrap();
        let mut page = [0; 4_096];
        frozen.read(2 * PAGE_BYTES, &mut page).unwrap();
        assert_eq!(page, [7; 4_096], "kept when it was written");
        assert!(frozen.read(3 * PAGE_BYTES, &mut page).is_err());
        frozen.read(PAGE_BYTES, &mut page).unwrap();
        assert_eq!(page, [7; 4_096]);
    }
}
