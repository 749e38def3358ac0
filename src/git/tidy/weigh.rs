//! Whether a copy is mostly history that nothing leads to any more.
//!
//! A remote whose history is rewritten again and again leaves a pack here each time, and those that tidying leaves alone
//! stay. To make them again without what is not needed takes long and gives larger ones; to fetch what is needed does not.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gix::ObjectId;

use super::super::GitError;
use super::super::pack::{self, PackError};
use super::super::repository::files_in;

/// A copy whose packs take less is small enough.
const SMALL_BYTES: u64 = 32 << 20;

/// How much may be of no use beside as much as is needed.
const SURPLUS_BYTES: u64 = 16 << 20;

/// A pack ends with its checksum.
const TRAILER_BYTES: u64 = 20;

/// What the packs took when they were last found to be needed.
#[derive(Default)]
pub(in crate::git) struct Weighed(AtomicU64);

/// All packs of a copy.
pub(super) struct Packs {
    packs: Vec<(PathBuf, u64)>,
    bytes: u64,
}

impl Packs {
    pub(super) fn in_folder(objects: &Path) -> Result<Packs, GitError> {
        let found = (|| {
            let mut packs = Vec::new();
            for file in files_in(&objects.join("pack"))? {
                if file.extension().is_some_and(|extension| extension == "pack") {
                    let bytes = fs::metadata(&file)?.len();
                    packs.push((file, bytes));
                }
            }
            Ok(packs)
        })();
        let packs = found.map_err(GitError::of_disk)?;
        let bytes = packs.iter().map(|(_, bytes)| bytes).sum();
        Ok(Packs { packs, bytes })
    }

    /// Whether it is time to look. What came as one pack came by one fetch, and another one brings the same.
    pub(super) fn is_due(&self, weighed: &Weighed) -> bool {
        let last = weighed.0.load(Ordering::Relaxed);
        self.packs.len() > 1 && self.bytes >= SMALL_BYTES.max(last.saturating_add(last / 2))
    }

    /// Whether what the tips need is by far the smaller part.
    pub(super) fn are_mostly_useless(
        &self,
        objects: &gix::Repository,
        tips: &[ObjectId],
        weighed: &Weighed,
        stop: &AtomicBool,
    ) -> Result<bool, GitError> {
        let stop = || stop.load(Ordering::Relaxed);
        let planned = pack::plan(objects, tips, &[], usize::MAX, &stop).map_err(PackError::of_own_copy)?;
        let mut needed: HashSet<_> = planned.into_iter().map(|planned| planned.object).collect();
        let mut needed_bytes = 0;
        for (pack, bytes) in &self.packs {
            needed_bytes += taken_out(pack, *bytes, &mut needed).map_err(GitError::of_own_copy)?;
        }
        let is_surplus = self.bytes > needed_bytes.saturating_mul(2).saturating_add(SURPLUS_BYTES);
        if !is_surplus {
            weighed.0.store(self.bytes, Ordering::Relaxed);
        }
        Ok(is_surplus)
    }
}

/// Takes the objects of a pack out of those that are needed; gives what they take in it.
fn taken_out(pack: &Path, pack_bytes: u64, needed: &mut HashSet<ObjectId>) -> gix::Result<u64> {
    let index = gix_pack::index::File::at(pack.with_extension("idx"), gix::hash::Kind::Sha1)?;
    let mut entries: Vec<_> = index.iter().map(|entry| (entry.pack_offset, entry.oid)).collect();
    entries.sort_unstable_by_key(|(place, _)| *place);
    let ends = entries.iter().skip(1).map(|(place, _)| *place).chain([pack_bytes.saturating_sub(TRAILER_BYTES)]);
    let sized = entries.iter().zip(ends).map(|((place, object), end)| (object, end.saturating_sub(*place)));
    Ok(sized.filter(|(object, _)| needed.remove(*object)).map(|(_, bytes)| bytes).sum())
}
