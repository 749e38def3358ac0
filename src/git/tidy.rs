//! Keeping a repository small.
//!
//! Every commit that is written here adds loose objects, and every fetch a pack. Now and then one pack is made of them
//! ([`levels`]). Large packs stay as they are: whoever made them did it better, and to make them again takes long. Where
//! most of them is of no use any more, the copy is to be begun anew ([`weigh`]).

mod levels;
mod weigh;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;

use super::pack::{self, Bases, Indexed, PackError, Planned};
use super::repository::{Alone, files_in, of_name};
use super::{GitError, Repository};
use crate::domain::ids::ObjectName;
use levels::{Level, Levels};
use weigh::Packs;

pub(super) use weigh::Weighed;

/// How many loose objects may gather.
const LOOSE_MAX: usize = 500;

/// How many packs may gather, besides large ones.
const PACKS_MAX: usize = 20;

/// How many bytes may gather: of a large folder every version is whole until it is packed.
const GATHERED_BYTES_MAX: u64 = 512 << 10;

/// A pack from this size on is left as it is.
const LARGE_PACK_BYTES: u64 = 16 << 20;

/// What tidying up came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tidied {
    /// Too little has gathered since the last time.
    NotDue,
    /// Somebody is adding to the repository; another time.
    Busy,
    /// Nothing leads to most of what is here any more: it is best begun anew.
    MostlyUseless,
    Packed {
        objects: usize,
        bytes: u64,
    },
}

impl Repository {
    /// Packs what can be reached of what has gathered since the last time, and removes the rest of that, if it is enough;
    /// for a quiet moment. `keep`: further commits that must stay, besides the fetched head; those that are not here are
    /// passed over.
    ///
    /// # Errors
    /// [`GitError::Interrupted`], [`GitError::NoRoom`], [`GitError::Io`], [`GitError::Damaged`]; everything that was
    /// there still is.
    pub fn tidy_up(&self, keep: &[ObjectName], stop: &AtomicBool) -> Result<Tidied, GitError> {
        let tidied = self.alone(|alone| {
            let levels = Levels::read(self.folder());
            let folder = self.folder().join("objects");
            let gathered = Gathered::in_folder(&folder, &levels)?;
            let packs = Packs::in_folder(&folder)?;
            let (is_due, is_weighed) = (gathered.is_due(), packs.is_due(self.weighed()));
            if !is_due && !is_weighed {
                return Ok(Tidied::NotDue);
            }
            let here = keep.iter().copied().filter(|commit| self.has_commit(*commit));
            let tips: Vec<_> = here.chain(self.fetched_head()?).map(of_name).collect();
            if is_weighed
                && self.with_objects(|objects| packs.are_mostly_useless(objects, &tips, self.weighed(), stop))?
            {
                return Ok(Tidied::MostlyUseless);
            }
            if !is_due {
                return Ok(Tidied::NotDue);
            }
            self.pack(alone, gathered, levels, tips, stop)
        });
        Ok(tidied?.unwrap_or(Tidied::Busy))
    }

    fn pack(
        &self,
        alone: &Alone<'_>,
        mut gathered: Gathered,
        mut levels: Levels,
        tips: Vec<ObjectId>,
        stop: &AtomicBool,
    ) -> Result<Tidied, GitError> {
        let folder = self.folder().join("objects/pack");
        let (again, times) = levels.take_off(|pack| gathered.large.iter().any(|large| large == pack));
        gathered.packs.extend(again);
        let (objects, bytes, made) = self.with_objects(|objects| {
            let planned = gathered.planned(objects, &levels, &tips, stop)?;
            if planned.is_empty() {
                return Ok((0, 0, None));
            }
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
            let Indexed { pack: Some(pack), index: Some(index), keep } = made else {
                return Err(GitError::damaged("no pack came about"));
            };
            Ok((planned.len(), bytes, Some((pack, index, keep))))
        })?;
        let (mut kept, mut keep) = (None, None);
        if let Some((pack, index, left)) = made {
            // What is removed next must be on the disk in its new place.
            [&pack, &index].iter().try_for_each(|file| fs::File::open(file)?.sync_all()).map_err(GitError::of_disk)?;
            fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(GitError::of_disk)?;
            (kept, keep) = (Some(pack.clone()), left);
            levels.push(Level { pack, times, tips });
        }
        levels.write(self.folder()).map_err(GitError::of_disk)?;
        let old = gathered.packs.iter().filter(|pack| Some(*pack) != kept.as_ref()).flat_map(|pack| {
            // The index goes last: a pack without one is removed when it is found.
            [pack.with_extension("rev"), pack.clone(), pack.with_extension("idx")]
        });
        let old: Vec<PathBuf> = gathered.loose.iter().cloned().chain(old).chain(keep).collect();
        alone.remove(&old)?;
        let folders: BTreeSet<&Path> = gathered.loose.iter().filter_map(|file| file.parent()).collect();
        // An empty folder takes a block of the disk. One that something is in stays.
        folders.into_iter().for_each(|folder| drop(fs::remove_dir(folder)));
        Ok(Tidied::Packed { objects, bytes })
    }
}

/// What has gathered since the last time.
struct Gathered {
    loose: Vec<PathBuf>,
    /// Packs, without the large ones and those that tidying made.
    packs: Vec<PathBuf>,
    large: Vec<PathBuf>,
    /// Of loose objects and packs.
    bytes: u64,
}

impl Gathered {
    fn in_folder(objects: &Path, levels: &Levels) -> Result<Gathered, GitError> {
        let mut gathered = Gathered { loose: Vec::new(), packs: Vec::new(), large: Vec::new(), bytes: 0 };
        let found = (|| {
            for first in 0..=u8::MAX {
                for file in files_in(&objects.join(format!("{first:02x}")))? {
                    gathered.bytes += fs::metadata(&file)?.len();
                    gathered.loose.push(file);
                }
            }
            for file in files_in(&objects.join("pack"))? {
                if file.extension().is_none_or(|extension| extension != "pack") {
                    continue;
                }
                let bytes = fs::metadata(&file)?.len();
                if bytes >= LARGE_PACK_BYTES {
                    gathered.large.push(file);
                } else if levels.packs().all(|pack| *pack != file) {
                    gathered.bytes += bytes;
                    gathered.packs.push(file);
                }
            }
            Ok(())
        })();
        found.map_err(GitError::of_disk)?;
        Ok(gathered)
    }

    fn is_due(&self) -> bool {
        self.loose.len() >= LOOSE_MAX || self.packs.len() >= PACKS_MAX || self.bytes >= GATHERED_BYTES_MAX
    }

    /// What can be reached and is in no pack that stays.
    fn planned(
        &self,
        objects: &gix::Repository,
        levels: &Levels,
        tips: &[ObjectId],
        stop: &AtomicBool,
    ) -> Result<Vec<Planned>, GitError> {
        let stop = || stop.load(Ordering::Relaxed);
        let planned = pack::plan(objects, tips, levels.tips(), usize::MAX, &stop).map_err(PackError::of_own_copy)?;
        let kept = self.large.iter().chain(levels.packs());
        let indexes = kept.map(|pack| gix_pack::index::File::at(pack.with_extension("idx"), gix::hash::Kind::Sha1));
        let indexes = indexes.collect::<gix::Result<Vec<_>>>().map_err(GitError::of_own_copy)?;
        let is_kept = |object: &ObjectId| indexes.iter().any(|index| index.lookup(object).is_some());
        Ok(pack::newest_first(planned).into_iter().filter(|planned| !is_kept(&planned.object)).collect())
    }
}
