//! Which packs tidying made, and up to where the history is in them.
//!
//! Each time only what is new is packed, and like the digits of a binary number packs become one with those that are as
//! often tidied as they. So no part of the history is packed more often than the logarithm of all the times, and there
//! are no more packs than that.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use gix::ObjectId;

/// The file in the repository's folder. It ends as locks do while it is written: a crash leaves nothing.
const FILE: &str = "tidied";
const UNFINISHED: &str = "tidied.lock";

/// Packs, the oldest first. In each and those before it, or in large packs, is everything that its tips need.
pub(super) struct Levels(Vec<Level>);

pub(super) struct Level {
    pub(super) pack: PathBuf,
    /// How many times of tidying are in it.
    pub(super) times: u32,
    pub(super) tips: Vec<ObjectId>,
}

impl Levels {
    /// Where something cannot be read, or a pack is gone, the list ends; what came after it is packed anew.
    pub(super) fn read(repository: &Path) -> Levels {
        let packs = repository.join("objects/pack");
        let text = fs::read_to_string(repository.join(FILE)).unwrap_or_default();
        Levels(text.lines().map_while(|line| Level::read(line, &packs)).collect())
    }

    pub(super) fn write(&self, repository: &Path) -> io::Result<()> {
        let mut text = String::new();
        for level in &self.0 {
            let name = level.pack.file_name().unwrap_or_default().to_string_lossy();
            text.push_str(&format!("{name} {}", level.times));
            level.tips.iter().for_each(|tip| text.push_str(&format!(" {tip}")));
            text.push('\n');
        }
        let unfinished = repository.join(UNFINISHED);
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, repository.join(FILE))?;
        fs::File::open(repository)?.sync_all()
    }

    pub(super) fn packs(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.iter().map(|level| &level.pack)
    }

    /// Up to where all is packed.
    pub(super) fn tips(&self) -> &[ObjectId] {
        self.0.last().map_or(&[], |level| &level.tips)
    }

    pub(super) fn push(&mut self, level: Level) {
        self.0.push(level);
    }

    /// Takes those off that become one with what is new: their packs, and how often all of that was tidied.
    pub(super) fn take_off(&mut self, is_large: impl Fn(&Path) -> bool) -> (Vec<PathBuf>, u32) {
        let (mut packs, mut times) = (Vec::new(), 1_u32);
        while let Some(level) = self.0.pop_if(|level| level.times <= times && !is_large(&level.pack)) {
            times = times.saturating_add(level.times);
            packs.push(level.pack);
        }
        (packs, times)
    }
}

impl Level {
    fn read(line: &str, packs: &Path) -> Option<Level> {
        let mut words = line.split(' ');
        let name = words.next().filter(|name| name.starts_with("pack-") && name.ends_with(".pack"))?;
        let times = words.next()?.parse().ok()?;
        let tips = words.map(|tip| ObjectId::from_hex(tip.as_bytes())).collect::<Result<_, _>>().ok()?;
        let pack = packs.join(name);
        let is_there = pack.exists() && pack.with_extension("idx").exists();
        is_there.then_some(Level { pack, times, tips })
    }
}
