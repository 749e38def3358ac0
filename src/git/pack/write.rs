//! Packs as bytes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::objs::{Data, Find};
use gix::zlib::Compression;
use gix_pack::data::Version;
use gix_pack::data::output::bytes::FromEntriesIter;
use gix_pack::data::output::entry::Kind;
use gix_pack::data::output::{Count, Entry};

use super::{PackError, Planned, Stop, delta};

/// What an object of a pack may be told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::git) struct Bases {
    /// Objects that are not in the pack, which whoever gets it has.
    pub(in crate::git) outside: bool,
    /// Objects within by where they stand, which is shorter than their names.
    pub(in crate::git) by_offset: bool,
}

/// How many steps it may take at most to read an object.
const STEPS_MAX: usize = 100;

/// Between larger objects no difference is looked for; what has so many lines is seldom changed.
const DELTA_BYTES_MAX: usize = 8 << 20;

/// Writes a pack of these objects, in this order, and gives its length.
pub(in crate::git) fn write(
    objects: &gix::Repository,
    planned: &[Planned],
    bases: Bases,
    to: impl Write,
    stop: Stop<'_>,
) -> Result<u64, PackError> {
    let count = u32::try_from(planned.len()).map_err(|_| PackError::TooManyFiles(planned.len()))?;
    let within = planned.iter().map(|planned| planned.object).collect();
    let mut writer = Writer { objects, bases, within, places: HashMap::new(), content: Vec::new(), base: Vec::new() };
    let mut stopped = false;
    let entries = planned.iter().take_while(|_| {
        stopped = stop();
        !stopped
    });
    let entries = entries.map(|planned| writer.entry(planned).map(|entry| vec![entry]));
    let mut length = 0;
    for written in FromEntriesIter::new(entries, to, count, Version::V2, gix::hash::Kind::Sha1) {
        length += written?;
    }
    if stopped { Err(PackError::Stopped) } else { Ok(length) }
}

struct Writer<'a> {
    objects: &'a gix::Repository,
    bases: Bases,
    /// All objects of the pack.
    within: HashSet<ObjectId>,
    /// Where each object is that was written, and in how many steps it is read.
    places: HashMap<ObjectId, (usize, usize)>,
    content: Vec<u8>,
    base: Vec<u8>,
}

impl Writer<'_> {
    fn entry(&mut self, planned: &Planned) -> gix::Result<Entry> {
        let (base, steps) = match planned.base.and_then(|base| self.usable(base)) {
            Some((base, kind, steps)) => (Some((base, kind)), steps),
            None => (None, 0),
        };
        let place = self.places.len();
        let data = found(self.objects, planned.object, &mut self.content)?;
        let count = Count::from_data(planned.object, None);
        if let Some((base, kind)) = base {
            let base = found(self.objects, base, &mut self.base)?;
            if let Some(difference) = difference(&base, &data) {
                self.places.insert(planned.object, (place, steps));
                let told = Data { data: &difference, ..data };
                let entry = Entry::from_data(&count, &told, Compression::DEFAULT)?;
                return Ok(Entry { kind, ..entry });
            }
        }
        self.places.insert(planned.object, (place, 0));
        Entry::from_data(&count, &data, Compression::DEFAULT)
    }

    /// The base, how it is named, and in how many steps an object is read that is told by it.
    fn usable(&self, base: ObjectId) -> Option<(ObjectId, Kind, usize)> {
        match self.places.get(&base) {
            Some((_, steps)) if *steps >= STEPS_MAX => None,
            Some((place, steps)) if self.bases.by_offset => {
                Some((base, Kind::DeltaRef { object_index: *place }, steps + 1))
            }
            Some((_, steps)) => Some((base, Kind::DeltaOid { id: base }, steps + 1)),
            // One that comes later in the pack is no base, not even for whoever has it already: two could be told by each
            // other. A content that comes back is such a one.
            None if self.within.contains(&base) => None,
            None => self.bases.outside.then_some((base, Kind::DeltaOid { id: base }, 1)),
        }
    }
}

fn found<'a>(objects: &gix::Repository, object: ObjectId, content: &'a mut Vec<u8>) -> gix::Result<Data<'a>> {
    let found = objects.objects.try_find(&object, content)?;
    found.ok_or_else(|| gix::Error::from_error(gix::error::message!("object {object} is not here")))
}

/// The difference, where it is worth it.
fn difference(base: &Data<'_>, data: &Data<'_>) -> Option<Vec<u8>> {
    let is_small = base.data.len().max(data.data.len()) <= DELTA_BYTES_MAX;
    if !is_small || base.kind != data.kind {
        return None;
    }
    let difference = delta::encode(base.data, data.data);
    (difference.len() < data.data.len() / 2).then_some(difference)
}

/// Takes a pack into a repository, where its objects can be found from then on. Objects that it is told by are looked
/// for in there. Gives the files that were made; the last of them keeps the pack from being removed by others.
pub(in crate::git) fn index(
    objects: &gix::Repository,
    pack: &mut dyn BufRead,
    folder: &Path,
    object_bytes_max: u64,
    stop: &AtomicBool,
) -> gix::Result<Indexed> {
    let options = gix_pack::bundle::write::Options {
        thread_limit: Some(1),
        alloc_limit_bytes: Some(usize::try_from(object_bytes_max).unwrap_or(usize::MAX)),
        ..Default::default()
    };
    let kind = objects.object_hash();
    let outside = Some((*objects.objects).clone());
    let outcome = gix_pack::Bundle::write_to_directory(
        pack,
        Some(folder),
        &mut gix::progress::Discard,
        stop,
        outside,
        kind,
        options,
    )?;
    Ok(Indexed { pack: outcome.data_path, index: outcome.index_path, keep: outcome.keep_path })
}

/// The files of a pack that was taken.
#[derive(Debug)]
pub(in crate::git) struct Indexed {
    pub(in crate::git) pack: Option<PathBuf>,
    pub(in crate::git) index: Option<PathBuf>,
    pub(in crate::git) keep: Option<PathBuf>,
}

impl Indexed {
    /// Gives the pack up to those who remove packs, now that something needs it or will never; gives its files.
    pub(in crate::git) fn taken(self) -> Vec<PathBuf> {
        if let Some(keep) = self.keep {
            // The next start removes what is left of these.
            let _ = fs::remove_file(keep);
        }
        [self.pack, self.index].into_iter().flatten().collect()
    }
}
