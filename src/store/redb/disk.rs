//! A disk for tests: in memory, failing when it is told to, and forgetting at a power cut what was not synced.

use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redb::{BackendError, StorageBackend};
use tempfile::NamedTempFile;

use super::fault::Pauses;
use super::health::DatabaseFile;
use super::journal::Place;
use super::open::{OpenError, builder, lay_out};
use super::volume::{Volume, lock};
use crate::store::Store;

/// What is kept in memory of a test's pages.
pub(super) const CACHE_BYTES: usize = 16 * 1024 * 1024;

impl Store {
    /// A store on this disk, with a database if there is none, that tries again at once after a failure.
    pub(crate) fn on(disk: &Disk) -> Result<Store, OpenError> {
        if disk.is_empty() {
            let db = builder(CACHE_BYTES).create_with_backend(disk.clone()).unwrap();
            lay_out(&db).unwrap();
        }
        // A file of the disk's own, for what looks at the file's name.
        let path = lock(&disk.content).file.path().to_owned();
        let pauses = Pauses::between(Duration::ZERO, Duration::from_millis(1));
        let volume = Volume::new(disk.clone(), CACHE_BYTES);
        let journal = Place::Disk(disk.journal());
        Store::start(volume, DatabaseFile::at(&path).unwrap(), journal, "the test's disk", 1 << 20, pauses)
    }

    /// Waits until it can be written again.
    pub(crate) fn wait_until_writable(&self) {
        let begun = Instant::now();
        while !self.is_writable() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not recover");
            std::thread::yield_now();
        }
    }
}

/// Which calls fail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failing {
    /// The one of this number, counted from one.
    Once(u64),
    /// That one and all after it.
    ForGood(u64),
    /// That one and all after it, if they write: a full disk, or one that is mounted for reading.
    WritesForGood(u64),
}

/// One of the files on the disk; all of them fail together.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    content: Arc<Mutex<Content>>,
    which: usize,
}

const DATABASE: usize = 0;
const JOURNAL: usize = 1;

#[derive(Clone, Debug, Default)]
struct Bytes {
    /// What reads see.
    shown: Vec<u8>,
    /// What survives a power cut.
    durable: Vec<u8>,
    /// What the next sync makes durable, in its order.
    pending: Vec<Pending>,
}

#[derive(Clone, Debug)]
struct Content {
    files: [Bytes; 2],
    calls: u64,
    failing: Option<Failing>,
    dice: Dice,
    file: Arc<NamedTempFile>,
}

#[derive(Clone, Debug)]
enum Pending {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// Repeatable chance (a xorshift generator).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn below(&mut self, length: usize) -> usize {
        usize::try_from(self.roll(length as u64)).unwrap()
    }
}

impl Disk {
    pub(crate) fn new() -> Disk {
        let content = Content {
            files: Default::default(),
            calls: 0,
            failing: None,
            dice: Dice::new(1),
            file: Arc::new(NamedTempFile::new().unwrap()),
        };
        Disk { content: Arc::new(Mutex::new(content)), which: DATABASE }
    }

    /// Another disk with the same content, whose calls are counted anew.
    pub(crate) fn copy(&self, seed: u64) -> Disk {
        let content = Content { calls: 0, dice: Dice::new(seed), ..lock(&self.content).clone() };
        Disk { content: Arc::new(Mutex::new(content)), which: DATABASE }
    }

    /// The journal's file on the same disk.
    pub(crate) fn journal(&self) -> Disk {
        Disk { which: JOURNAL, ..self.clone() }
    }

    fn is_empty(&self) -> bool {
        lock(&self.content).files[DATABASE].shown.is_empty()
    }

    /// From now on these calls fail.
    pub(crate) fn fail(&self, failing: Failing) {
        lock(&self.content).failing = Some(failing);
    }

    /// From the next call on every one works.
    pub(crate) fn heal(&self) {
        lock(&self.content).failing = None;
    }

    pub(crate) fn calls(&self) -> u64 {
        lock(&self.content).calls
    }

    /// Of what was not synced any part is there afterwards, each write whole, torn or not at all.
    pub(crate) fn cut_power(&self) {
        let mut content = lock(&self.content);
        for which in [DATABASE, JOURNAL] {
            for pending in std::mem::take(&mut content.files[which].pending) {
                content.settle_perhaps(which, pending);
            }
            content.files[which].shown = content.files[which].durable.clone();
        }
    }
}

impl Content {
    /// Counts a call, and whether it fails.
    fn fails(&mut self, is_write: bool) -> bool {
        self.calls += 1;
        match self.failing {
            None => false,
            Some(Failing::Once(call)) => self.calls == call,
            Some(Failing::ForGood(call)) => self.calls >= call,
            Some(Failing::WritesForGood(call)) => is_write && self.calls >= call,
        }
    }

    fn settle_perhaps(&mut self, which: usize, pending: Pending) {
        match (self.dice.roll(3), pending) {
            (0, _) => {}
            (1, Pending::Write(offset, mut data)) => {
                data.truncate(self.dice.below(data.len() + 1));
                apply(&mut self.files[which].durable, &Pending::Write(offset, data));
            }
            (_, pending) => apply(&mut self.files[which].durable, &pending),
        }
    }
}

fn apply(bytes: &mut Vec<u8>, pending: &Pending) {
    match pending {
        Pending::Length(length) => bytes.resize(*length, 0),
        Pending::Write(offset, data) => {
            let end = offset + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*offset..end].copy_from_slice(data);
        }
    }
}

fn failed() -> io::Error {
    io::Error::other("the disk fails as it was told to")
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let mut content = lock(&self.content);
        if content.fails(false) { Err(failed()) } else { Ok(content.files[self.which].shown.len() as u64) }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut content = lock(&self.content);
        if content.fails(false) {
            return Err(failed());
        }
        let there = content.files[self.which].shown.get(index(offset)..index(offset) + out.len());
        out.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut content = lock(&self.content);
        if content.fails(true) {
            return Err(failed());
        }
        let pending = Pending::Length(index(len));
        let bytes = &mut content.files[self.which];
        apply(&mut bytes.shown, &pending);
        bytes.pending.push(pending);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut content = lock(&self.content);
        let fails = content.fails(true);
        for pending in std::mem::take(&mut content.files[self.which].pending) {
            // After a sync that failed the kernel shows what was written and does not write it again.
            if fails {
                content.settle_perhaps(self.which, pending);
            } else {
                apply(&mut content.files[self.which].durable, &pending);
            }
        }
        if fails { Err(failed()) } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut content = lock(&self.content);
        let fails = content.fails(true);
        let mut data = data.to_vec();
        if fails {
            // Some of it may be there.
            data.truncate(content.dice.below(data.len() + 1));
        }
        let pending = Pending::Write(index(offset), data);
        let bytes = &mut content.files[self.which];
        apply(&mut bytes.shown, &pending);
        bytes.pending.push(pending);
        if fails { Err(failed()) } else { Ok(()) }
    }

    fn close(&self) -> io::Result<()> {
        if lock(&self.content).fails(false) { Err(failed()) } else { Ok(()) }
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }
}
