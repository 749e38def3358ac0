//! Tar archives of task files and rules: the door to the library that reads and writes them.

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read};
use std::rc::Rc;

use tar::{Builder, Entry, EntryType, Header};

use super::error::Refusal;
use super::folder::{A_LINK, Folder, NOT_A_FILE, NOT_LOWER_CASE, NOT_UTF_8};
use super::import::NEXT_NUMBER_FILE;
use super::rules::files;
use crate::domain::lang::Phrase;
use crate::domain::problem::DOCUMENT_BYTES_MAX;

/// The longest archive that is taken, in bytes.
pub const ARCHIVE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Entries of an archive that are looked at.
const ENTRIES_MAX: usize = 100_000;

/// Bytes of all its documents together.
pub(super) const DOCUMENTS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of what may stand before one entry to tell its name and attributes. The library holds it all in memory.
const HEADERS_BYTES_MAX: usize = 1024 * 1024;

/// An archive ends with blocks of this many zeros.
const BLOCK_BYTES: usize = 512;

/// Writes an archive piece by piece. The same files in the same order give the same bytes.
pub struct ArchiveWriter(Builder<Vec<u8>>);

impl Default for ArchiveWriter {
    fn default() -> Self {
        ArchiveWriter(Builder::new(Vec::new()))
    }
}

impl ArchiveWriter {
    /// Appends a file that its owner may read and write and all others read, last changed at `seconds` after 1970.
    pub fn append(&mut self, path: &str, raw: &[u8], seconds: u64) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(raw.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(seconds);
        self.0.append_data(&mut header, path, raw)
    }

    /// What was written since this was last asked.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.0.get_mut())
    }

    /// What was not taken yet, and the end of the archive.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        self.0.into_inner()
    }
}

/// Reads the Markdown files of an archive, and the old system's `nextId.txt`, in whatever folders of it they are, and the rules of those called `rules`; what
/// counts as one, and how much of each is read, is as for a folder on disk.
///
/// # Errors
/// [`Refusal::MalformedArchive`] for what is no archive or ends early, [`Refusal::ArchiveTooLarge`],
/// [`Refusal::ArchiveHeadersTooLarge`].
pub fn read_archive(source: impl Read) -> Result<Folder, Refusal> {
    let allowance = Rc::new(Cell::new(HEADERS_BYTES_MAX));
    let mut archive = tar::Archive::new(Watched { source, zeros: 0, allowance: allowance.clone() });
    let mut taking = Taking::default();
    // What the library reads on its own, between two entries, is what stands before the next one.
    for (count, entry) in archive.entries().map_err(malformed)?.enumerate() {
        if count >= ENTRIES_MAX {
            return Err(Refusal::ArchiveTooLarge);
        }
        let mut entry = entry.map_err(|error| match allowance.get() {
            0 => Refusal::ArchiveHeadersTooLarge,
            _ => malformed(error),
        })?;
        allowance.set(usize::MAX);
        taking.take(&mut entry)?;
        allowance.set(HEADERS_BYTES_MAX);
    }
    let mut folder = taking.folder;
    // An archive that was cut between two files would otherwise pass for a whole one.
    if archive.into_inner().zeros < BLOCK_BYTES {
        return Err(Refusal::MalformedArchive);
    }
    folder.files.sort();
    folder.left_out.sort();
    Ok(folder)
}

/// What was taken of an archive so far.
struct Taking {
    folder: Folder,
    names: HashSet<String>,
    documents_bytes_left: usize,
    /// Of what is passed over: a sparse entry can claim far more than the archive has bytes.
    passed_bytes_left: u64,
}

impl Default for Taking {
    fn default() -> Self {
        Taking {
            folder: Folder::default(),
            names: HashSet::new(),
            documents_bytes_left: DOCUMENTS_BYTES_MAX,
            passed_bytes_left: ARCHIVE_BYTES_MAX as u64,
        }
    }
}

impl Taking {
    /// Reads one entry to its end, and keeps it if it is a task file or one of the rules.
    fn take(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<(), Refusal> {
        if let Some(Considered { shown, is_rules, fault }) = considered(entry) {
            let is_number = shown == NEXT_NUMBER_FILE;
            let is_twice = || self.names.contains(&shown).then_some(TWICE);
            match fault.or_else(is_twice) {
                Some(reason) => self.folder.left_out.push((shown, reason)),
                None => {
                    let mut raw = Vec::new();
                    entry.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut raw).map_err(malformed)?;
                    let left = self.documents_bytes_left.checked_sub(raw.len());
                    self.documents_bytes_left = left.ok_or(Refusal::ArchiveTooLarge)?;
                    self.names.insert(shown.clone());
                    match shown.strip_prefix(RULES).filter(|_| is_rules) {
                        Some(name) => drop(self.folder.rules.insert(name.to_owned(), raw)),
                        None if is_number => self.folder.next_number = Some(raw),
                        None => self.folder.files.push((shown, raw)),
                    }
                }
            }
        }
        let passed = io::copy(&mut entry.take(self.passed_bytes_left + 1), &mut io::sink()).map_err(malformed)?;
        self.passed_bytes_left = self.passed_bytes_left.checked_sub(passed).ok_or(Refusal::ArchiveTooLarge)?;
        Ok(())
    }
}

/// However it is broken, the cure is the same.
fn malformed(_: io::Error) -> Refusal {
    Refusal::MalformedArchive
}

/// An entry that looks like a task file or one of the rules.
struct Considered {
    shown: String,
    is_rules: bool,
    /// Why it cannot be read as one.
    fault: Option<Phrase>,
}

/// What stands before the names of files of the rules, which could be others' names as well.
const RULES: &str = "rules/";

const HARD_LINK: Phrase = Phrase { en: "it is a hard link", de: "sie ist ein harter Link" };
const TWICE: Phrase =
    Phrase { en: "another file of the archive has its name", de: "eine andere Datei des Archivs hat ihren Namen" };

fn considered(entry: &Entry<'_, impl Read>) -> Option<Considered> {
    let path = entry.path_bytes();
    let path = path.strip_suffix(b"/").unwrap_or(&path);
    let mut parts = path.rsplit(|byte| *byte == b'/');
    let name = parts.next().unwrap_or_default();
    let shown = String::from_utf8_lossy(name).into_owned();
    let kind = entry.header().entry_type();
    let of_kind = match kind {
        EntryType::Symlink => Some(A_LINK),
        EntryType::Link => Some(HARD_LINK),
        kind if !kind.is_file() => Some(NOT_A_FILE),
        _ => None,
    };
    if parts.next() == Some(files::FOLDER.as_bytes())
        && let Some(named) = files::considered(&shown)
    {
        return Some(Considered { shown: format!("{RULES}{shown}"), is_rules: true, fault: named.err().or(of_kind) });
    }
    if shown == NEXT_NUMBER_FILE {
        return Some(Considered { shown, is_rules: false, fault: of_kind });
    }
    if !shown.to_lowercase().ends_with(".md") {
        return None;
    }
    let fault = match std::str::from_utf8(name) {
        Err(_) => Some(NOT_UTF_8),
        Ok(name) if !name.ends_with(".md") => Some(NOT_LOWER_CASE),
        Ok(_) => of_kind,
    };
    Some(Considered { shown, is_rules: false, fault })
}

/// A source, and how many zeros were the last that it gave.
struct Watched<R> {
    source: R,
    zeros: usize,
    /// Bytes that may be read until it is raised again.
    allowance: Rc<Cell<usize>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.allowance.get());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("more than is allowed"));
        }
        let read = self.source.read(&mut buffer[..most])?;
        self.allowance.update(|allowance| allowance - read);
        let zeros = buffer[..read].iter().rev().take_while(|byte| **byte == 0).count();
        self.zeros = if zeros == read { self.zeros.saturating_add(read) } else { zeros };
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ArchiveWriter::default();
        for (path, raw) in files {
            writer.append(path, raw, 7).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_written_is_read_whatever_its_folder_and_length() {
        let long = format!("{}.md", "ä".repeat(126));
        let path = format!("lena/tasks/{long}");
        let written = archive(&[("0002-b.md", b"two"), (&path, b""), ("a/b/0001-ä.md", b"one\0\0"), ("x.txt", b"")]);
        let read = read_archive(&written[..]).unwrap();
        let expected = [("0001-ä.md", &b"one\0\0"[..]), ("0002-b.md", b"two"), (&long, b"")];
        assert_eq!(read.files, expected.map(|(name, raw)| (name.to_owned(), raw.to_vec())));
        assert!(read.left_out.is_empty());
    }

    #[test]
    fn pieces_are_the_whole() {
        let files: [(&str, &[u8]); 2] = [("a.md", b"one"), ("b.md", &[b'x'; 1_000])];
        let mut writer = ArchiveWriter::default();
        let mut pieces = Vec::new();
        for (path, raw) in files {
            writer.append(path, raw, 7).unwrap();
            pieces.extend(writer.take());
        }
        pieces.extend(writer.finish().unwrap());
        assert_eq!(pieces, archive(&files));
    }

    #[test]
    fn an_archive_that_was_cut_is_none() {
        let whole = archive(&[("0001.md", &[b'x'; 600]), ("0002.md", b"two")]);
        assert!(read_archive(&whole[..]).is_ok());
        for length in 0..whole.len() - 2 * BLOCK_BYTES {
            assert_eq!(read_archive(&whole[..length]), Err(Refusal::MalformedArchive), "{length}");
        }
    }

    #[test]
    fn large_files_are_cut_and_too_many_bytes_refused() {
        let large = vec![b'x'; DOCUMENT_BYTES_MAX + 100];
        let read = read_archive(&archive(&[("0001.md", &large)])[..]).unwrap();
        assert_eq!(read.files[0].1.len(), DOCUMENT_BYTES_MAX + 1);
        let names: Vec<String> =
            (0..DOCUMENTS_BYTES_MAX / DOCUMENT_BYTES_MAX + 1).map(|n| format!("{n:04}.md")).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &large[..])).collect();
        assert_eq!(read_archive(&archive(&many)[..]), Err(Refusal::ArchiveTooLarge));
    }

    /// An entry of this kind that stands before another to tell something of it.
    fn before_another(kind: EntryType, content: &[u8]) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        let padding = vec![0; content.len().next_multiple_of(BLOCK_BYTES) - content.len()];
        [header.as_bytes(), content, &padding].concat()
    }

    #[test]
    fn what_stands_before_an_entry_is_bounded() {
        let file = archive(&[("0001.md", b"one")]);
        for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
            let small = [before_another(kind, &[b'x'; 3_000]), file.clone()].concat();
            assert!(read_archive(&small[..]).is_ok(), "{kind:?}");
            let large = [before_another(kind, &vec![b'x'; 4 * HEADERS_BYTES_MAX]), file.clone()].concat();
            for archive in [large.clone(), [archive_without_end(&file), &large].concat()] {
                let mut source = &archive[..];
                assert_eq!(read_archive(&mut source), Err(Refusal::ArchiveHeadersTooLarge), "{kind:?}");
                assert!(source.len() > 2 * HEADERS_BYTES_MAX, "{kind:?}: it was read on");
            }
        }
        // What is no task file may be as large as it likes.
        let beside = archive(&[("photo.jpg", &vec![0; 4 * HEADERS_BYTES_MAX]), ("0001.md", b"one")]);
        assert_eq!(read_archive(&beside[..]).unwrap().files.len(), 1);
    }

    fn archive_without_end(archive: &[u8]) -> &[u8] {
        &archive[..archive.len() - 2 * BLOCK_BYTES]
    }

    #[test]
    fn a_sparse_file_that_claims_more_than_there_is_takes_no_time() {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNUSparse);
        header.set_path("0000-hole.md").unwrap();
        header.set_size(0);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.sparse[0].offset[..12].copy_from_slice(b"77777777777\0");
        gnu.sparse[0].numbytes[..12].copy_from_slice(b"00000000000\0");
        gnu.realsize[..12].copy_from_slice(b"77777777777\0");
        header.set_cksum();
        let hole = [header.as_bytes(), &archive(&[("0001.md", b"one")])[..]].concat();
        assert_eq!(read_archive(&hole[..]), Err(Refusal::ArchiveTooLarge));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(noise in prop::collection::vec(any::<u8>(), 0..3_000), at in 0_usize..3_000) {
            let _ = read_archive(&noise[..]);
            let mut damaged = archive(&[("0001.md", b"one"), ("0002.md", b"two")]);
            let at = at % damaged.len();
            for (place, byte) in damaged[at..].iter_mut().zip(&noise) {
                *place = *byte;
            }
            let _ = read_archive(&damaged[..]);
        }
    }
}
