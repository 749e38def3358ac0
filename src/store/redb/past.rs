//! Past states: what each commit left, and what there was at a generation, taken from the history.

use chrono::{DateTime, Utc};
use redb::ReadTransaction;
use serde::{Deserialize, Serialize};

use super::backup::{NAMES_MAX, next_name};
use super::codec::{self, StoredChange};
use super::export::changed_after;
use super::read::{failed, past};
use super::schema::{HISTORY, HISTORY_BY_FILE, RULES_FILE};
use super::{Moment, Store};
use crate::domain::ids::{DocKey, FileName, Generation, TaskNumber, UserId};
use crate::store::{ChangedSince, Left, Past, PastState, Settings, StoreError, TimelineMark};

/// What a commit left.
#[derive(Serialize, Deserialize)]
pub struct StoredLeft(Option<u32>, Option<StoredMark>);

/// The first half of a timeline's SHA-256, and from when on it was right.
#[derive(Serialize, Deserialize)]
pub struct StoredMark(#[serde(with = "serde_bytes")] [u8; 16], i64);

impl StoredLeft {
    pub fn of(left: &Left) -> StoredLeft {
        StoredLeft(left.next_number.map(TaskNumber::get), left.timeline.as_ref().map(StoredMark::of))
    }

    pub fn left(self) -> Result<Left, StoreError> {
        let StoredLeft(next, mark) = self;
        let timeline = mark.map(|mark| mark.mark("history")).transpose()?;
        Ok(Left { next_number: next.and_then(TaskNumber::new), timeline })
    }
}

impl StoredMark {
    pub fn of(mark: &TimelineMark) -> StoredMark {
        StoredMark(mark.sha256, mark.valid_from.timestamp_millis())
    }

    pub fn mark(self, table: &'static str) -> Result<TimelineMark, StoreError> {
        Ok(TimelineMark { sha256: self.0, valid_from: codec::millis(self.1, table)? })
    }
}

impl Store {
    /// Documents that were changed after that generation, as they were at it, whose names come after `after`: as many as
    /// come to `bytes_max` bytes, and perhaps none although there is a next piece.
    pub fn list_changed_since(
        &self,
        user: UserId,
        generation: Generation,
        after: &str,
        bytes_max: usize,
    ) -> Result<ChangedSince, StoreError> {
        self.read(|transaction, _| {
            let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
            let (mut bytes, mut piece, mut name) = (0, ChangedSince::default(), after.to_owned());
            for _ in 0..NAMES_MAX {
                let Some(next) = next_name(&by_file, user, &name)? else {
                    return Ok(ChangedSince { next: None, ..piece });
                };
                name = next;
                // The settings and the rules have names there that no document has.
                if let Some(file) = FileName::parse(&name)
                    && let Some(before) = changed_after(transaction, user, generation, &name)?
                {
                    bytes += before.as_ref().map_or(0, Vec::len);
                    piece.documents.push((DocKey::of(file), before));
                }
                if bytes >= bytes_max {
                    break;
                }
            }
            Ok(ChangedSince { next: Some(name), ..piece })
        })
    }

    /// What the settings were before the first change of them after that generation; `None` where there is none.
    pub fn get_settings_changed_after(
        &self,
        user: UserId,
        generation: Generation,
    ) -> Result<Option<Settings>, StoreError> {
        let after = Moment(generation.0, u32::MAX);
        let changes = self.read(|transaction, _| own_changes_of(transaction, user, "", after, 1))?;
        Ok(changes.into_iter().find_map(|past| match past.what {
            PastState::Settings { before, .. } => Some(before),
            PastState::Document { .. } | PastState::Rules { .. } | PastState::Merged { .. } => None,
        }))
    }

    /// Changes of the user's rules that come after a moment, in their order.
    pub fn list_rules_changes(&self, user: UserId, after: Moment, count: usize) -> Result<Vec<Past>, StoreError> {
        self.read(|transaction, _| own_changes_of(transaction, user, RULES_FILE, after, count))
    }

    /// The generation that the user stood at before the commit that made this one; `None` where that is not kept.
    pub fn generation_before(&self, user: UserId, generation: Generation) -> Result<Option<Generation>, StoreError> {
        self.read(|transaction, _| {
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let mut rows = history.range((user.0, 0, 0)..(user.0, generation.0, 0)).map_err(failed)?;
            let Some(row) = rows.next_back() else { return Ok(Some(Generation(0))) };
            let before = past(row)?;
            // What was brought stands before everything of the account's own.
            let is_next = before.generation.next() == generation;
            Ok(if before.is_brought { Some(Generation(0)) } else { is_next.then_some(before.generation) })
        })
    }

    /// What the user's first commit after that generation changed, and none that comes after `until`; empty where there is none.
    pub fn list_next_changes(
        &self,
        user: UserId,
        generation: Generation,
        until: Generation,
    ) -> Result<Vec<Past>, StoreError> {
        self.read(|transaction, _| {
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let first = (user.0, generation.0.saturating_add(1), 0);
            let mut changes: Vec<Past> = Vec::new();
            for row in history.range(first..=(user.0, until.0, u32::MAX)).map_err(failed)? {
                let (key, value) = row.map_err(failed)?;
                let (_, generation, index) = key.value();
                if changes.first().is_some_and(|first| first.generation.0 != generation) {
                    break;
                }
                let change = codec::decode_past(generation, index, value.value())?;
                changes.extend((!change.is_brought).then_some(change));
            }
            Ok(changes)
        })
    }

    /// Of each document whose name comes after `after`, the generation that it was first put in, and its number; and where
    /// the next piece begins.
    pub fn list_first_numbers(&self, user: UserId, after: &str) -> Result<(FirstNumbers, Option<String>), StoreError> {
        self.read(|transaction, _| {
            let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
            let (mut found, mut name) = (Vec::new(), after.to_owned());
            for _ in 0..NAMES_MAX {
                let Some(next) = next_name(&by_file, user, &name)? else { return Ok((found, None)) };
                name = next;
                let Some(number) = FileName::parse(&name).and_then(|file| DocKey::of(file).number) else { continue };
                let changes = own_changes_of(transaction, user, &name, Moment(0, u32::MAX), 1)?;
                found.extend(changes.first().map(|first| (first.generation, number)));
            }
            Ok((found, Some(name)))
        })
    }

    /// The generation that the user stood at at an instant, as the history has it; the account's beginning where it had
    /// no change of its own before that. Where clocks went back, one that is near.
    pub fn generation_at(&self, user: UserId, instant: DateTime<Utc>) -> Result<Generation, StoreError> {
        self.read(|transaction, _| {
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let mut rows = history.range((user.0, 0, 0)..=(user.0, u64::MAX, u32::MAX)).map_err(failed)?;
            let Some(last) = rows.next_back() else { return Ok(Generation(0)) };
            // What comes at `reached` was before, or there is nothing; what comes after `end` was not.
            let (mut reached, mut end) = (0, last.map_err(failed)?.0.value().1);
            let mut stood = Generation(0);
            while reached < end {
                let middle = reached + (end - reached).div_ceil(2);
                let rows = history.range((user.0, middle, 0)..=(user.0, end, u32::MAX)).map_err(failed)?.next();
                let Some(row) = rows else {
                    end = middle - 1;
                    continue;
                };
                let (key, value) = row.map_err(failed)?;
                let generation = key.value().1;
                let change: StoredChange<'_> = codec::decode(value.value(), "history")?;
                // What was brought stands before everything of the account's own.
                if change.brought || change.at <= instant.timestamp_millis() {
                    reached = generation;
                    stood = if change.brought { Generation(0) } else { Generation(generation) };
                } else {
                    end = middle - 1;
                }
            }
            Ok(stood)
        })
    }

    /// Since when each of these documents is there; `None` where the history does not know.
    pub fn list_beginnings(&self, user: UserId, keys: &[DocKey]) -> Result<Vec<Option<DateTime<Utc>>>, StoreError> {
        self.read(|transaction, _| {
            let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let beginning = |key: &DocKey| {
                let file = key.file.as_str();
                for row in by_file.range((user.0, file, 0, 0)..=(user.0, file, u64::MAX, u32::MAX)).map_err(failed)? {
                    let place = row.map_err(failed)?.0;
                    let (_, _, generation, index) = place.value();
                    let bytes = history.get((user.0, generation, index)).map_err(failed)?;
                    let bytes = bytes.ok_or(StoreError::Damaged("history"))?;
                    let first: StoredChange<'_> = codec::decode(bytes.value(), "history")?;
                    if first.merged.is_none() {
                        let is_whole = first.before.is_none();
                        return is_whole.then(|| codec::millis(first.at, "history")).transpose();
                    }
                }
                Ok(None)
            };
            keys.iter().map(beginning).collect()
        })
    }

    /// The changes of a generation that do not begin with what the change before them left, each by its file as the history
    /// names it: empty for the settings.
    pub fn list_breaks(&self, user: UserId, generation: Generation) -> Result<Vec<String>, StoreError> {
        self.read(|transaction, _| {
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let mut breaks = Vec::new();
            for row in history.range((user.0, generation.0, 0)..=(user.0, generation.0, u32::MAX)).map_err(failed)? {
                let (key, value) = row.map_err(failed)?;
                let (_, generation, index) = key.value();
                let stored: StoredChange<'_> = codec::decode(value.value(), "history")?;
                if stored.merged.is_none() && !follows(transaction, user, Moment(generation, index), &stored)? {
                    breaks.push(stored.file.into_owned());
                }
            }
            Ok(breaks)
        })
    }
}

/// Of documents, the generations that they were first put in, and their numbers.
type FirstNumbers = Vec<(Generation, TaskNumber)>;

/// Changes of the account's own that stand under a file's name after a moment, in their order.
fn own_changes_of(
    transaction: &ReadTransaction,
    user: UserId,
    file: &str,
    Moment(generation, index): Moment,
    count: usize,
) -> Result<Vec<Past>, StoreError> {
    let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
    let history = transaction.open_table(HISTORY).map_err(failed)?;
    let mut changes = Vec::new();
    for row in by_file.range((user.0, file, generation, index)..=(user.0, file, u64::MAX, u32::MAX)).map_err(failed)? {
        let key = row.map_err(failed)?.0;
        let (_, _, of, at) = key.value();
        if (of, at) == (generation, index) {
            continue;
        }
        let change = history.get((user.0, of, at)).map_err(failed)?.ok_or(StoreError::Damaged("history"))?;
        let change = codec::decode_past(of, at, change.value())?;
        if change.is_brought || matches!(change.what, PastState::Merged { .. }) {
            continue;
        }
        changes.push(change);
        if changes.len() >= count {
            break;
        }
    }
    Ok(changes)
}

/// Whether a change begins with what the last one of the same file left.
fn follows(
    transaction: &ReadTransaction,
    user: UserId,
    Moment(generation, index): Moment,
    change: &StoredChange<'_>,
) -> Result<bool, StoreError> {
    let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
    let history = transaction.open_table(HISTORY).map_err(failed)?;
    let file = &*change.file;
    for row in by_file.range((user.0, file, 0, 0)..(user.0, file, generation, index)).map_err(failed)?.rev() {
        let key = row.map_err(failed)?.0;
        let (_, _, of, at) = key.value();
        let bytes = history.get((user.0, of, at)).map_err(failed)?.ok_or(StoreError::Damaged("history"))?;
        let before: StoredChange<'_> = codec::decode(bytes.value(), "history")?;
        if before.brought {
            break;
        }
        if before.merged.is_some() {
            continue;
        }
        // Lists may be written in the forms of two versions.
        let list = |state: Option<&[u8]>| state.map(|state| codec::decode(state, "history").map(codec::entries));
        return Ok(before.after == change.before
            || (file == RULES_FILE && list(before.after).transpose()? == list(change.before).transpose()?));
    }
    // What the settings were at the beginning is not in the history.
    Ok(file.is_empty() || change.before.is_none())
}
