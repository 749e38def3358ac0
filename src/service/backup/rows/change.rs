//! Changes of the history as rows.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{EntryRow, SettingsRow, Wrong, entries, entry_rows, number, time};
use crate::domain::ids::{DocKey, FileName, Generation, TaskNumber};
use crate::store::{Basis, Left, MergedFile, Past, PastState, TimelineMark};

#[derive(Serialize, Deserialize)]
pub struct ChangeRow {
    generation: u64,
    index: u32,
    at: i64,
    #[serde(with = "serde_bytes")]
    basis: [u8; 16],
    actor: String,
    through: String,
    verb: String,
    what: WhatRow,
    #[serde(default)]
    brought: bool,
    #[serde(default)]
    left: Option<LeftRow>,
}

/// What a commit left: the next number, and the first half of the SHA-256 of its timeline with when that was right.
#[derive(Serialize, Deserialize)]
struct LeftRow {
    next_number: Option<u32>,
    timeline: Option<(ByteBuf, i64)>,
}

#[derive(Serialize, Deserialize)]
enum WhatRow {
    Document { file: String, before: Option<ByteBuf>, after: Option<ByteBuf> },
    Settings { before: SettingsRow, after: SettingsRow },
    Rules { before: Option<Vec<EntryRow>>, after: Option<Vec<EntryRow>> },
    Merged { file: String, is_rule: bool, lost: Option<ByteBuf>, kept: Option<ByteBuf>, is_conflict: bool },
}

fn bytes(state: Option<Vec<u8>>) -> Option<ByteBuf> {
    state.map(ByteBuf::from)
}

fn raw(state: Option<ByteBuf>) -> Option<Vec<u8>> {
    state.map(ByteBuf::into_vec)
}

fn key(file: &str) -> Result<DocKey, Wrong> {
    FileName::parse(file).map(DocKey::of).ok_or(Wrong("a file's name"))
}

impl ChangeRow {
    pub fn of(past: Past) -> ChangeRow {
        let what = match past.what {
            PastState::Document { key, before, after } => {
                WhatRow::Document { file: key.file.as_str().to_owned(), before: bytes(before), after: bytes(after) }
            }
            PastState::Settings { before, after } => {
                WhatRow::Settings { before: SettingsRow::of(before), after: SettingsRow::of(after) }
            }
            PastState::Rules { before, after } => {
                WhatRow::Rules { before: before.as_deref().map(entry_rows), after: after.as_deref().map(entry_rows) }
            }
            PastState::Merged { file, lost, kept, is_conflict } => {
                let (file, is_rule) = match file {
                    MergedFile::Document(key) => (key.file.as_str().to_owned(), false),
                    MergedFile::Rule(name) => (name, true),
                };
                WhatRow::Merged { file, is_rule, lost: bytes(lost), kept: bytes(kept), is_conflict }
            }
        };
        ChangeRow {
            generation: past.generation.0,
            index: past.index,
            at: past.at.timestamp_millis(),
            basis: past.basis.0,
            actor: past.actor,
            through: past.through,
            verb: past.verb,
            what,
            brought: past.is_brought,
            left: past.left.as_ref().map(LeftRow::of),
        }
    }

    pub fn past(self) -> Result<Past, Wrong> {
        let what = match self.what {
            WhatRow::Document { file, before, after } => {
                PastState::Document { key: key(&file)?, before: raw(before), after: raw(after) }
            }
            WhatRow::Settings { before, after } => {
                PastState::Settings { before: before.settings()?, after: after.settings()? }
            }
            WhatRow::Rules { before, after } => {
                PastState::Rules { before: before.map(entries), after: after.map(entries) }
            }
            WhatRow::Merged { file, is_rule, lost, kept, is_conflict } => {
                let file = if is_rule { MergedFile::Rule(file) } else { MergedFile::Document(key(&file)?) };
                PastState::Merged { file, lost: raw(lost), kept: raw(kept), is_conflict }
            }
        };
        Ok(Past {
            generation: Generation(self.generation),
            index: self.index,
            at: time(self.at)?,
            basis: Basis(self.basis),
            actor: self.actor,
            through: self.through,
            verb: self.verb,
            what,
            is_brought: self.brought,
            left: self.left.map(LeftRow::left).transpose()?,
        })
    }
}

impl LeftRow {
    fn of(left: &Left) -> LeftRow {
        let timeline = |mark: &TimelineMark| (ByteBuf::from(mark.sha256), mark.valid_from.timestamp_millis());
        LeftRow { next_number: left.next_number.map(TaskNumber::get), timeline: left.timeline.as_ref().map(timeline) }
    }

    fn left(self) -> Result<Left, Wrong> {
        let timeline = |(sha256, from): (ByteBuf, i64)| {
            let sha256 = sha256.into_vec().try_into().map_err(|_| Wrong("a hash"))?;
            Ok(TimelineMark { sha256, valid_from: time(from)? })
        };
        Ok(Left { next_number: number(self.next_number)?, timeline: self.timeline.map(timeline).transpose()? })
    }
}
