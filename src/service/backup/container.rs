//! The file that a backup is: a tar archive in one frame of zstd, and after it the SHA-256 of that frame.
//!
//! The hash is in a frame that programs pass over, as the format of zstd has them ("skippable frame", RFC 8878, 3.1.2): so
//! any tool that knows zstd and tar reads a backup, and here no bit of it can differ unseen.

use std::io::{self, BufReader, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use super::BackupError;
use crate::domain::hex::hex;

/// What every frame of zstd begins with.
const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The first byte of every backup.
pub const FIRST_BYTE: u8 = FRAME[0];
/// What the frame with the hash begins with, its length among it.
const SEAL: [u8; 8] = [0x5d, 0x2a, 0x4d, 0x18, 32, 0, 0, 0];
const HASH_BYTES: usize = 32;
const SEAL_BYTES: usize = SEAL.len() + HASH_BYTES;

/// The level that zstd takes if it is not told otherwise: its window is 2 MiB.
const LEVEL: i32 = 3;
/// The binary logarithm of the largest window that is taken: 8 MiB of memory.
const WINDOW_LOG_MAX: u32 = 23;

/// A tar archive is made of blocks of this many bytes.
const BLOCK_BYTES: usize = 512;
const NAME_BYTES_MAX: usize = 99;
/// Its owner's alone, where somebody unpacks it.
const MODE: u32 = 0o600;

/// A member, as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Writes the file, piece by piece.
pub(super) struct Writer {
    encoder: Encoder<'static, Vec<u8>>,
    hash: Sha256,
    seconds: u64,
    /// All that was appended so far.
    pub(super) members: Vec<Member>,
}

impl Writer {
    /// Members are said to be of this instant, in seconds after 1970.
    pub(super) fn new(seconds: u64) -> io::Result<Writer> {
        let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(Writer { encoder, hash: Sha256::new(), seconds, members: Vec::new() })
    }

    pub(super) fn append(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_path(name)?;
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(MODE);
        header.set_mtime(self.seconds);
        header.set_cksum();
        self.encoder.write_all(header.as_bytes())?;
        self.encoder.write_all(content)?;
        self.encoder.write_all(&[0; BLOCK_BYTES][..padding(content.len() as u64)])?;
        let sha256 = hex(Sha256::digest(content));
        self.members.push(Member { name: name.to_owned(), bytes: content.len() as u64, sha256 });
        Ok(())
    }

    /// What was compressed since this was last asked.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let taken = std::mem::take(self.encoder.get_mut());
        self.hash.update(&taken);
        taken
    }

    /// What was not taken yet, and the end of the file.
    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        self.encoder.write_all(&[0; 2 * BLOCK_BYTES])?;
        let mut rest = self.encoder.finish()?;
        self.hash.update(&rest);
        rest.extend_from_slice(&SEAL);
        rest.extend_from_slice(&self.hash.finalize());
        Ok(rest)
    }
}

/// Bytes from the end of a member's content to the next block.
fn padding(bytes: u64) -> usize {
    // It is less than a block.
    usize::try_from(bytes.next_multiple_of(BLOCK_BYTES as u64) - bytes).unwrap_or_default()
}

/// Reads the file member by member. What it gives is only to be believed once it came to the end without an error.
pub(super) struct Members<R: Read> {
    source: Decoder<'static, BufReader<Sealed<R>>>,
}

impl<R: Read> Members<R> {
    pub(super) fn of(source: R) -> Result<Members<R>, BackupError> {
        let mut source = Decoder::new(Sealed::of(source)).map_err(BackupError::of)?.single_frame();
        source.window_log_max(WINDOW_LOG_MAX).map_err(BackupError::of)?;
        Ok(Members { source })
    }

    /// Name and length of the next member, whose content has to be taken before the one after it is asked for. `None` at
    /// the end of the archive, which is then also that of the file.
    pub(super) fn next(&mut self) -> Result<Option<(String, u64)>, BackupError> {
        let mut header = Header::new_ustar();
        self.source.read_exact(header.as_mut_bytes()).map_err(BackupError::of)?;
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return self.end().map(|()| None);
        }
        let malformed = |_| BackupError::Damaged { place: "the head of a member".to_owned() };
        let name = String::from_utf8(header.path_bytes().into_owned()).unwrap_or_default();
        let size = header.entry_size().map_err(malformed)?;
        let mut sum = header.clone();
        sum.set_cksum();
        let is_file = header.entry_type() == EntryType::Regular && (1..=NAME_BYTES_MAX).contains(&name.len());
        if !is_file || sum.as_bytes()[..] != header.as_bytes()[..] {
            return Err(BackupError::Damaged { place: "the head of a member".to_owned() });
        }
        Ok(Some((name, size)))
    }

    /// The content of the member that was named last, piece by piece; its hash.
    pub(super) fn pass(&mut self, name: &str, size: u64, mut take: impl FnMut(&[u8])) -> Result<Member, BackupError> {
        let (mut left, mut hash, mut buffer) = (size, Sha256::new(), vec![0; 64 * 1024]);
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            self.source.read_exact(&mut buffer[..most]).map_err(BackupError::of)?;
            hash.update(&buffer[..most]);
            take(&buffer[..most]);
            left -= most as u64;
        }
        let mut zeros = [0; BLOCK_BYTES];
        let zeros = &mut zeros[..padding(size)];
        self.source.read_exact(zeros).map_err(BackupError::of)?;
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(BackupError::Damaged { place: name.to_owned() });
        }
        Ok(Member { name: name.to_owned(), bytes: size, sha256: hex(hash.finalize()) })
    }

    /// As [`Members::pass`], in memory.
    pub(super) fn content(&mut self, name: &str, size: u64, bytes_max: u64) -> Result<(Member, Vec<u8>), BackupError> {
        if size > bytes_max {
            return Err(BackupError::Damaged { place: format!("{name}, which is too large") });
        }
        let mut content = Vec::new();
        let member = self.pass(name, size, |bytes| content.extend_from_slice(bytes))?;
        Ok((member, content))
    }

    /// The second block of zeros, the end of the frame, and the hash.
    fn end(&mut self) -> Result<(), BackupError> {
        let damaged = || BackupError::Damaged { place: "the end of the archive".to_owned() };
        let mut block = [0; BLOCK_BYTES];
        self.source.read_exact(&mut block).map_err(BackupError::of)?;
        let more = self.source.read(&mut [0]).map_err(BackupError::of)?;
        let after = self.source.get_mut().read(&mut [0]).map_err(BackupError::of)?;
        if block.iter().any(|byte| *byte != 0) || more + after > 0 { Err(damaged()) } else { Ok(()) }
    }
}

/// What stands before the hash; an error at its end unless that hash follows.
struct Sealed<R> {
    source: R,
    hash: Sha256,
    /// What was read and not given yet; of the last bytes nobody knows whether they are the hash.
    held: Vec<u8>,
    given: u64,
    is_over: bool,
}

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 128 * 1024;

impl<R: Read> Sealed<R> {
    fn of(source: R) -> Sealed<R> {
        Sealed { source, hash: Sha256::new(), held: Vec::new(), given: 0, is_over: false }
    }

    /// Reads on until there is something to give, or the end.
    fn fill(&mut self) -> io::Result<()> {
        while self.held.len() <= SEAL_BYTES && !self.is_over {
            let before = self.held.len();
            self.held.resize(before + PIECE_BYTES, 0);
            let read = self.source.read(&mut self.held[before..]);
            self.held.truncate(before + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => self.is_over = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let begins = self.held.len().min(FRAME.len());
        if self.given == 0 && (begins == 0 || self.held[..begins] != FRAME[..begins]) {
            return Err(io::Error::other(BackupError::Foreign));
        }
        Ok(())
    }

    fn require_seal(&self) -> io::Result<()> {
        match self.held.strip_prefix(&SEAL).filter(|hash| hash.len() == HASH_BYTES) {
            None => Err(io::Error::other(BackupError::Cut)),
            Some(hash) if *hash == self.hash.clone().finalize()[..] => Ok(()),
            Some(_) => Err(io::Error::other(BackupError::Damaged { place: "the file as a whole".to_owned() })),
        }
    }
}

impl<R: Read> Read for Sealed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let most = buffer.len().min(self.held.len().saturating_sub(SEAL_BYTES));
        if most == 0 && !buffer.is_empty() {
            return self.require_seal().map(|()| 0);
        }
        buffer[..most].copy_from_slice(&self.held[..most]);
        self.hash.update(&self.held[..most]);
        self.held.drain(..most);
        self.given += most as u64;
        Ok(most)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Files = Vec<(String, Vec<u8>)>;

    fn written(files: &Files) -> Vec<u8> {
        let mut writer = Writer::new(7).unwrap();
        let mut file = Vec::new();
        for (name, content) in files {
            writer.append(name, content).unwrap();
            file.extend(writer.take());
        }
        file.extend(writer.finish().unwrap());
        file
    }

    fn read(file: &[u8]) -> Result<Files, BackupError> {
        let mut members = Members::of(file)?;
        let mut files = Vec::new();
        while let Some((name, size)) = members.next()? {
            let (member, content) = members.content(&name, size, 1_000_000)?;
            assert_eq!(member, Member { sha256: hex(Sha256::digest(&content)), bytes: size, name: name.clone() });
            files.push((name, content));
        }
        Ok(files)
    }

    fn files() -> impl Strategy<Value = Files> {
        let content = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..3_000),
            (any::<u8>(), 0_usize..400_000).prop_map(|(byte, length)| vec![byte; length]),
        ];
        prop::collection::vec(("[a-z]{1,10}(/[a-z]{1,10}){0,3}", content), 0..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(files in files()) {
            prop_assert_eq!(read(&written(&files)).unwrap(), files);
        }

        #[test]
        fn no_bit_differs_unseen(files in files(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut file = written(&files);
            let at = at.index(file.len());
            file[at] ^= 1 << bit;
            prop_assert!(read(&file).is_err(), "byte {} of {}", at, file.len());
        }

        #[test]
        fn no_end_is_missed(files in files(), length in any::<prop::sample::Index>()) {
            let file = written(&files);
            let cut = &file[..length.index(file.len())];
            prop_assert!(matches!(read(cut), Err(BackupError::Cut | BackupError::Foreign)), "{}", cut.len());
        }
    }

    #[test]
    fn others_programs_read_it() {
        let files = vec![("a/b".to_owned(), b"eins".to_vec()), ("c".to_owned(), vec![b'x'; 5_000])];
        let archive = zstd::decode_all(&written(&files)[..]).unwrap();
        let mut archive = tar::Archive::new(&archive[..]);
        let read = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.path().unwrap().to_str().unwrap().to_owned(), content)
        });
        assert_eq!(read.collect::<Files>(), files);
    }
}
