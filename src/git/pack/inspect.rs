//! What it will take to take a pack apart, before anybody does.
//!
//! An object that is told by another one needs that one in memory, and so on. While several are told by one, it stays
//! there. A few kilobytes can say so many large objects that way that no machine has room for them, or time ([`work`]).
//!
//! [`work`]: super::work

use std::io::{self, BufRead, Read};

use flate2::bufread::ZlibDecoder;
use gix::objs::FindHeader;
use gix_pack::data;
use gix_pack::data::entry::Header;

use super::work::Work;
use super::{PackError, Stop};

/// How many objects may come at once.
const OBJECTS_MAX: u32 = 2_000_000;

/// How much of a pack may have to be in memory at the same time.
const MEMORY_BYTES_MAX: u64 = 512 << 20;

/// A delta begins with two lengths, of ten bytes at most.
const LENGTHS_BYTES_MAX: u64 = 20;

/// Reads a pack of so many bytes to its last object. Returns how many it has.
///
/// `here`: where an object may be that one of the pack is told by.
pub(in crate::git) fn inspect(
    pack: &mut impl BufRead,
    pack_bytes: u64,
    here: &gix::Repository,
    object_bytes_max: u64,
    stop: Stop<'_>,
) -> Result<u32, PackError> {
    let mut head = [0; data::header::SIZE];
    pack.read_exact(&mut head).map_err(cut)?;
    let (_, count) = data::header::decode(&head)?;
    if count > OBJECTS_MAX {
        return Err(PackError::TooManyObjects(OBJECTS_MAX));
    }
    let mut found = Found { objects: Vec::new(), work: Work::of_pack(pack_bytes), here, object_bytes_max };
    let mut at = head.len() as u64;
    for _ in 0..count {
        if stop() {
            return Err(PackError::Stopped);
        }
        at = found.next(pack, at, stop)?;
    }
    if !found.work.is_bounded(count) {
        return Err(PackError::TooMuchWork);
    }
    if found.memory_bytes() > MEMORY_BYTES_MAX { Err(PackError::TooLargeAtOnce) } else { Ok(count) }
}

struct Found<'a> {
    /// In the order of the pack.
    objects: Vec<Object>,
    work: Work,
    here: &'a gix::Repository,
    object_bytes_max: u64,
}

/// One object of the pack.
struct Object {
    at: u64,
    /// When it is whole.
    bytes: u64,
    /// What it takes to read it; `None`: it is told by some object of the pack that is not known.
    read_bytes: Option<u64>,
    told_by: Base,
    /// How many are told by it.
    tells: u32,
}

enum Base {
    /// It is whole by itself, or told by an object that is here already.
    Here,
    /// By the object with this index.
    Earlier(usize),
    /// By some object of the pack; which one is only known when all are taken apart.
    Somewhere,
}

impl Found<'_> {
    /// Reads the object that begins at `at`, and gives where the next one begins.
    fn next(&mut self, pack: &mut impl BufRead, at: u64, stop: Stop<'_>) -> Result<u64, PackError> {
        let entry = data::Entry::from_read(pack, at, gix::hash::Kind::Sha1.len_in_bytes()).map_err(cut)?;
        self.require_small(entry.decompressed_size)?;
        if !self.work.unpack(entry.decompressed_size) {
            return Err(PackError::TooMuchWork);
        }
        let told_by = match entry.header {
            Header::Commit | Header::Tree | Header::Blob | Header::Tag => Base::Here,
            Header::OfsDelta { base_distance } => Base::Earlier(self.index(at.checked_sub(base_distance))?),
            Header::RefDelta { base_id } => match self.here.objects.try_header(&base_id)? {
                Some(_) => {
                    self.work.look_up_here();
                    Base::Here
                }
                None => Base::Somewhere,
            },
        };
        let mut content = ZlibDecoder::new(Stoppable { pack, stop });
        let is_delta = matches!(entry.header, Header::OfsDelta { .. } | Header::RefDelta { .. });
        let (mut bytes, mut begin) = (entry.decompressed_size, Vec::new());
        content.by_ref().take(LENGTHS_BYTES_MAX).read_to_end(&mut begin).map_err(cut)?;
        if is_delta {
            bytes = result_bytes(&begin).ok_or(PackError::Broken)?;
            self.require_small(bytes)?;
            if !self.work.unpack(bytes) {
                return Err(PackError::TooMuchWork);
            }
        }
        // One byte more than it says is enough to know that it lies.
        let rest = io::copy(&mut content.by_ref().take(entry.decompressed_size + 1), &mut io::sink()).map_err(cut)?;
        if begin.len() as u64 + rest != entry.decompressed_size {
            return Err(PackError::Broken);
        }
        if let Base::Earlier(index) = told_by {
            self.objects[index].tells += 1;
        }
        let read_bytes =
            self.read_bytes(&told_by, bytes.saturating_add(if is_delta { entry.decompressed_size } else { 0 }));
        self.objects.push(Object { at, bytes, read_bytes, told_by, tells: 0 });
        Ok(entry.data_offset + content.total_in())
    }

    /// What it takes to read an object that is told so, and is so many bytes itself.
    fn read_bytes(&mut self, told_by: &Base, bytes: u64) -> Option<u64> {
        let base = match told_by {
            Base::Here => Some(0),
            Base::Earlier(index) => self.objects[*index].read_bytes,
            Base::Somewhere => None,
        };
        if base.is_none() {
            self.work.read_somewhere(bytes);
        }
        base.map(|base| self.work.read(bytes, base))
    }

    fn require_small(&self, bytes: u64) -> Result<(), PackError> {
        if bytes > self.object_bytes_max { Err(PackError::TooLargeObject) } else { Ok(()) }
    }

    fn index(&self, at: Option<u64>) -> Result<usize, PackError> {
        let at = at.ok_or(PackError::Broken)?;
        self.objects.binary_search_by_key(&at, |object| object.at).map_err(|_| PackError::Broken)
    }

    /// At most this much has to be in memory: the objects on the way to one that tell several, and the one. Of those
    /// that are told by nobody knows whom, all may be on one way.
    fn memory_bytes(&self) -> u64 {
        let mut needed: Vec<(u64, bool)> = Vec::with_capacity(self.objects.len());
        let (mut most, mut somewhere) = (0_u64, 0_u64);
        for object in &self.objects {
            let (before, is_somewhere) = match object.told_by {
                Base::Here => (0, false),
                Base::Somewhere => (0, true),
                Base::Earlier(index) => needed[index],
            };
            let here = before.saturating_add(object.bytes);
            if is_somewhere {
                somewhere = somewhere.saturating_add(object.bytes);
            } else {
                most = most.max(here);
            }
            needed.push((if object.tells > 1 { here } else { before }, is_somewhere));
        }
        most.saturating_add(somewhere)
    }
}

/// The second of the two lengths that a delta begins with.
fn result_bytes(delta: &[u8]) -> Option<u64> {
    let mut bytes = delta.iter();
    let mut length = || {
        let (mut length, mut shift) = (0_u64, 0);
        loop {
            let byte = *bytes.next()?;
            length |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte < 0x80 {
                return Some(length);
            }
        }
    };
    length()?;
    length()
}

/// Ends early where it is to be stopped: a little that is packed can take long to unpack.
struct Stoppable<'a, R> {
    pack: &'a mut R,
    stop: Stop<'a>,
}

impl<R: BufRead> Read for Stoppable<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(to)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Stoppable<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if (self.stop)() { Err(io::Error::other("stopped")) } else { self.pack.fill_buf() }
    }

    fn consume(&mut self, count: usize) {
        self.pack.consume(count);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what an error is mapped with")]
fn cut(error: io::Error) -> PackError {
    // A fault of the disk is one; whatever else there is comes from the bytes.
    match error.raw_os_error() {
        Some(code) => PackError::Disk(io::Error::from_raw_os_error(code)),
        None => PackError::Broken,
    }
}
