//! Keeping a repository small.
//!
//! Every commit that is written here adds loose objects, and every fetch a pack. Now and then one pack is made of them.
//! Large packs stay as they are: whoever made them did it better, and to make them again takes long.

use std::fs;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;

use super::pack::{self, Bases, PackError, Planned};
use super::repository::{Alone, files_in, of_name};
use super::{GitError, Repository};
use crate::domain::ids::ObjectName;

/// How many loose objects may gather.
const LOOSE_MAX: usize = 1_000;

/// How many packs may gather, besides large ones.
const PACKS_MAX: usize = 20;

/// A pack from this size on is left as it is.
const LARGE_PACK_BYTES: u64 = 16 << 20;

/// What tidying up came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tidied {
    /// Too little has gathered since the last time.
    NotDue,
    /// Somebody is adding to the repository; another time.
    Busy,
    Packed {
        objects: usize,
        bytes: u64,
    },
}

impl Repository {
    /// Packs everything that can be reached into one pack and removes the rest, if enough has gathered since the last
    /// time; for a quiet moment. `keep`: further commits that must stay, besides the fetched head; those that are not
    /// here are passed over.
    ///
    /// # Errors
    /// [`GitError::Interrupted`], [`GitError::NoRoom`], [`GitError::Io`], [`GitError::Damaged`]; everything that was
    /// there still is.
    pub fn tidy_up(&self, keep: &[ObjectName], stop: &AtomicBool) -> Result<Tidied, GitError> {
        let tidied = self.alone(|alone| {
            let gathered = Gathered::in_folder(&self.folder().join("objects"))?;
            if gathered.loose.len() < LOOSE_MAX && gathered.packs.len() < PACKS_MAX {
                return Ok(Tidied::NotDue);
            }
            let here = keep.iter().copied().filter(|commit| self.has_commit(*commit));
            let tips: Vec<_> = here.chain(self.fetched_head()?).map(of_name).collect();
            self.pack(alone, &gathered, &tips, stop)
        });
        Ok(tidied?.unwrap_or(Tidied::Busy))
    }

    fn pack(
        &self,
        alone: &Alone<'_>,
        gathered: &Gathered,
        tips: &[ObjectId],
        stop: &AtomicBool,
    ) -> Result<Tidied, GitError> {
        let folder = self.folder().join("objects/pack");
        let (planned, bytes, made) = self.with_objects(|objects| {
            let planned = gathered.planned(objects, tips, stop)?;
            // Without a name, so that a crash leaves nothing.
            let mut file = tempfile::tempfile_in(&folder).map_err(GitError::of_disk)?;
            let bases = Bases { outside: false, by_offset: true };
            let bytes = pack::write(objects, &planned, bases, &file, &|| stop.load(Ordering::Relaxed))
                .map_err(PackError::of_own_copy)?;
            file.rewind().map_err(GitError::of_disk)?;
            let made = pack::index(objects, &mut BufReader::new(file), &folder, u64::MAX, stop);
            let made = made.map_err(|error| {
                if stop.load(Ordering::Relaxed) { GitError::Interrupted } else { GitError::of_own_copy(error) }
            })?;
            Ok((planned.len(), bytes, made))
        })?;
        // What is removed next must be on the disk in its new place.
        let kept: Vec<&PathBuf> = [&made.pack, &made.index].into_iter().flatten().collect();
        kept.iter().try_for_each(|file| fs::File::open(file)?.sync_all()).map_err(GitError::of_disk)?;
        fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(GitError::of_disk)?;
        let old = gathered.packs.iter().filter(|pack| !kept.contains(pack)).flat_map(|pack| {
            // The index goes last: a pack without one is removed when it is found.
            [pack.with_extension("rev"), pack.clone(), pack.with_extension("idx")]
        });
        let old: Vec<PathBuf> = gathered.loose.iter().cloned().chain(old).chain(made.keep).collect();
        alone.remove(&old)?;
        Ok(Tidied::Packed { objects: planned, bytes })
    }
}

/// What has gathered since the last time.
struct Gathered {
    loose: Vec<PathBuf>,
    /// Packs, without the large ones.
    packs: Vec<PathBuf>,
    large: Vec<PathBuf>,
}

impl Gathered {
    fn in_folder(objects: &Path) -> Result<Gathered, GitError> {
        let mut gathered = Gathered { loose: Vec::new(), packs: Vec::new(), large: Vec::new() };
        let found = (|| {
            for first in 0..=u8::MAX {
                gathered.loose.extend(files_in(&objects.join(format!("{first:02x}")))?);
            }
            for file in files_in(&objects.join("pack"))? {
                if file.extension().is_some_and(|extension| extension == "pack") {
                    let is_large = fs::metadata(&file)?.len() >= LARGE_PACK_BYTES;
                    if is_large { &mut gathered.large } else { &mut gathered.packs }.push(file);
                }
            }
            Ok(())
        })();
        found.map_err(GitError::of_disk)?;
        Ok(gathered)
    }

    /// What can be reached and is not in a large pack.
    fn planned(
        &self,
        objects: &gix::Repository,
        tips: &[ObjectId],
        stop: &AtomicBool,
    ) -> Result<Vec<Planned>, GitError> {
        let planned = pack::plan(objects, tips, &[], usize::MAX, &|| stop.load(Ordering::Relaxed))
            .map_err(PackError::of_own_copy)?;
        let indexes =
            self.large.iter().map(|pack| gix_pack::index::File::at(pack.with_extension("idx"), gix::hash::Kind::Sha1));
        let indexes = indexes.collect::<gix::Result<Vec<_>>>().map_err(GitError::of_own_copy)?;
        let is_kept = |object: &ObjectId| indexes.iter().any(|index| index.lookup(object).is_some());
        Ok(pack::newest_first(planned).into_iter().filter(|planned| !is_kept(&planned.object)).collect())
    }
}
