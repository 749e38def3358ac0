//! The stored types, apart from the domain's, and the way between them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::past::StoredLeft;
use super::schema::{RULES_FILE, UNNUMBERED};
use crate::domain::document;
use crate::domain::ids::{DocKey, FileName, Generation, TaskNumber, UserId, UserName};
use crate::domain::lang::Lang;
use crate::domain::script::{OptionValue, RuleEntry, Script};
use crate::domain::task::{SlotRef, Status, Task};
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::store::{
    Basis, Entries, Finished, Grant, GrantKind, Head, MergedFile, Past, PastState, Reading, Scopes, Settings,
    StoreError, User,
};

/// MessagePack by position.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Writing plain structs into a Vec has nothing that could fail.
    rmp_serde::to_vec(value).unwrap_or_default()
}

pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8], table: &'static str) -> Result<T, StoreError> {
    rmp_serde::from_slice(bytes).map_err(|_| StoreError::Damaged(table))
}

pub fn millis(millis: i64, table: &'static str) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(millis).ok_or(StoreError::Damaged(table))
}

#[derive(Serialize, Deserialize)]
pub struct StoredHead(u64, i64, Option<u32>);

impl StoredHead {
    pub fn of(head: &Head) -> StoredHead {
        let next = head.next_number.map(TaskNumber::get);
        StoredHead(head.generation.0, head.committed_at.timestamp_millis(), next)
    }

    pub fn head(self, table: &'static str) -> Result<Head, StoreError> {
        let StoredHead(generation, committed, next) = self;
        Ok(Head {
            generation: Generation(generation),
            committed_at: millis(committed, table)?,
            next_number: next.and_then(TaskNumber::new),
        })
    }
}

pub fn encode_head(head: &Head) -> Vec<u8> {
    encode(&StoredHead::of(head))
}

pub fn decode_head(bytes: &[u8]) -> Result<Head, StoreError> {
    decode::<StoredHead>(bytes, "heads")?.head("heads")
}

#[derive(Serialize, Deserialize)]
struct StoredSettings {
    zone: String,
    german: bool,
    days: u16,
    /// What was stored before there were any ends before this.
    #[serde(default)]
    theme: StoredTheme,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
enum StoredTheme {
    #[default]
    Auto,
    Light,
    Dark,
}

pub fn encode_settings(settings: Settings) -> Vec<u8> {
    encode(&StoredSettings {
        zone: settings.zone.name().to_owned(),
        german: settings.lang == Lang::De,
        days: settings.days,
        theme: match settings.theme {
            Theme::Auto => StoredTheme::Auto,
            Theme::Light => StoredTheme::Light,
            Theme::Dark => StoredTheme::Dark,
        },
    })
}

pub fn decode_settings(bytes: &[u8]) -> Result<Settings, StoreError> {
    let stored: StoredSettings = decode(bytes, "settings")?;
    Ok(Settings {
        zone: Zone::parse(&stored.zone).ok_or(StoreError::Damaged("settings"))?,
        lang: if stored.german { Lang::De } else { Lang::En },
        days: stored.days,
        theme: match stored.theme {
            StoredTheme::Auto => Theme::Auto,
            StoredTheme::Light => Theme::Light,
            StoredTheme::Dark => Theme::Dark,
        },
    })
}

#[derive(Serialize, Deserialize)]
struct StoredUser {
    name: String,
    admin: bool,
    created_at: i64,
    #[serde(default)]
    disabled: bool,
}

pub fn encode_user(user: &User) -> Vec<u8> {
    let created_at = user.created_at.timestamp_millis();
    let (name, admin, disabled) = (user.name.as_str().to_owned(), user.admin, user.disabled);
    encode(&StoredUser { name, admin, created_at, disabled })
}

pub fn decode_user(id: UserId, bytes: &[u8]) -> Result<User, StoreError> {
    let stored: StoredUser = decode(bytes, "users")?;
    Ok(User {
        id,
        name: UserName::parse(&stored.name).ok_or(StoreError::Damaged("users"))?,
        admin: stored.admin,
        disabled: stored.disabled,
        created_at: millis(stored.created_at, "users")?,
    })
}

#[derive(Serialize, Deserialize)]
struct StoredGrant {
    user: u64,
    name: String,
    scopes: u8,
    created_at: i64,
    expires_at: Option<i64>,
    #[serde(default)]
    last_used_at: Option<i64>,
    #[serde(default)]
    is_session: bool,
}

pub fn encode_grant(grant: &Grant) -> Vec<u8> {
    encode(&StoredGrant {
        user: grant.user.0,
        name: grant.token_name.clone(),
        scopes: grant.scopes.0,
        created_at: grant.created_at.timestamp_millis(),
        expires_at: grant.expires_at.map(|at| at.timestamp_millis()),
        last_used_at: grant.last_used_at.map(|at| at.timestamp_millis()),
        is_session: grant.kind == GrantKind::Session,
    })
}

pub fn decode_grant(bytes: &[u8]) -> Result<Grant, StoreError> {
    let stored: StoredGrant = decode(bytes, "tokens")?;
    Ok(Grant {
        user: UserId(stored.user),
        kind: if stored.is_session { GrantKind::Session } else { GrantKind::Token },
        token_name: stored.name,
        scopes: Scopes(stored.scopes),
        created_at: millis(stored.created_at, "tokens")?,
        expires_at: stored.expires_at.map(|at| millis(at, "tokens")).transpose()?,
        last_used_at: stored.last_used_at.map(|at| millis(at, "tokens")).transpose()?,
    })
}

#[derive(Serialize, Deserialize)]
struct StoredSlot(Option<i32>, Option<String>);

#[derive(Serialize, Deserialize)]
struct StoredTask {
    title: String,
    kategorie: String,
    status: u8,
    tags: Vec<String>,
    deadline: Option<i32>,
    fixed_slot: Option<StoredSlot>,
    abgeschlossen_am: Option<StoredSlot>,
}

/// The version of the reader that understood the document, and the task, unless it is none.
#[derive(Serialize, Deserialize)]
struct StoredReading(u16, Option<StoredTask>);

fn stored_slot(slot: &SlotRef) -> StoredSlot {
    StoredSlot(slot.datum.map(|date| date.num_days_from_ce()), slot.zeit.clone())
}

fn slot(stored: StoredSlot) -> SlotRef {
    SlotRef { datum: stored.0.and_then(NaiveDate::from_num_days_from_ce_opt), zeit: stored.1 }
}

pub fn encode_reading(reading: &Reading) -> Vec<u8> {
    encode_task(reading.as_ref().ok().map(|task| &**task))
}

/// `None` for a document that is no task: it is read again whenever it is looked at.
pub fn encode_task(task: Option<&Task>) -> Vec<u8> {
    let task = task.map(|task| StoredTask {
        title: task.title.clone(),
        kategorie: task.kategorie.clone(),
        status: match task.status {
            Status::Offen => 0,
            Status::Abgeschlossen => 1,
            Status::Abgebrochen => 2,
        },
        tags: task.tags.clone(),
        deadline: task.deadline.map(|date| date.num_days_from_ce()),
        fixed_slot: task.fixed_slot.as_ref().map(stored_slot),
        abgeschlossen_am: task.abgeschlossen_am.as_ref().map(stored_slot),
    });
    encode(&StoredReading(document::READER_VERSION, task))
}

/// As [`encode_reading`], of a document that is none of a task.
pub fn encode_no_task() -> Vec<u8> {
    encode(&StoredReading(document::READER_VERSION, None))
}

/// `None` when the document has to be read again: it is no task, or an earlier version understood it.
pub fn decode_reading(key: &DocKey, bytes: &[u8]) -> Result<Option<Arc<Task>>, StoreError> {
    let StoredReading(version, task) = decode(bytes, "tasks")?;
    let Some(task) = task.filter(|_| version == document::READER_VERSION) else { return Ok(None) };
    let status = Status::ALL.get(usize::from(task.status)).ok_or(StoreError::Damaged("tasks"))?;
    Ok(Some(Arc::new(Task {
        key: key.clone(),
        title: task.title,
        kategorie: task.kategorie,
        status: *status,
        tags: task.tags,
        deadline: task.deadline.and_then(NaiveDate::from_num_days_from_ce_opt),
        fixed_slot: task.fixed_slot.map(slot),
        abgeschlossen_am: task.abgeschlossen_am.map(slot),
    })))
}

pub fn key_number(key: &DocKey) -> u32 {
    key.number.map_or(UNNUMBERED, TaskNumber::get)
}

pub fn decode_key(number: u32, file: &str) -> Result<DocKey, StoreError> {
    let file = FileName::parse(file).ok_or(StoreError::Damaged("documents"))?;
    Ok(DocKey { number: TaskNumber::new(number), file })
}

#[derive(Serialize, Deserialize)]
struct StoredTimeline<'a> {
    generation: u64,
    #[serde(with = "serde_bytes")]
    basis: [u8; 16],
    valid_from: i64,
    valid_until: i64,
    #[serde(borrow, with = "serde_bytes")]
    body: &'a [u8],
}

pub fn encode_timeline(finished: &Finished) -> Vec<u8> {
    encode(&StoredTimeline {
        generation: finished.generation.0,
        basis: finished.basis.0,
        valid_from: finished.valid_from.timestamp_millis(),
        valid_until: finished.valid_until.timestamp_millis(),
        body: &finished.body,
    })
}

/// `None` for a value that cannot be read: a timeline is derived and can be made again.
pub fn decode_timeline(bytes: &[u8]) -> Option<Finished> {
    let stored: StoredTimeline<'_> = rmp_serde::from_slice(bytes).ok()?;
    Some(Finished {
        generation: Generation(stored.generation),
        basis: Basis(stored.basis),
        valid_from: DateTime::from_timestamp_millis(stored.valid_from)?,
        valid_until: DateTime::from_timestamp_millis(stored.valid_until)?,
        body: Bytes::copy_from_slice(stored.body),
    })
}

#[derive(Serialize, Deserialize)]
enum StoredOption {
    Flag(bool),
    Number(i64),
    Text(String),
}

/// A place in a list of rules: its name, its text unless the library has it, its options, and its tests.
#[derive(Serialize, Deserialize)]
pub struct StoredEntry {
    name: String,
    source: Option<String>,
    options: Vec<(String, StoredOption)>,
    /// What was stored before scripts brought tests ends before this.
    #[serde(default)]
    tests: Option<String>,
}

pub fn stored_entries(entries: &[RuleEntry]) -> Vec<StoredEntry> {
    let option = |(name, value): (&String, &OptionValue)| {
        let value = match value {
            OptionValue::Flag(flag) => StoredOption::Flag(*flag),
            OptionValue::Number(number) => StoredOption::Number(*number),
            OptionValue::Text(text) => StoredOption::Text(text.clone()),
        };
        (name.clone(), value)
    };
    let entry = |entry: &RuleEntry| StoredEntry {
        name: entry.name().to_owned(),
        source: entry.source().map(str::to_owned),
        options: entry.options().iter().map(option).collect(),
        tests: entry.tests().map(str::to_owned),
    };
    entries.iter().map(entry).collect()
}

pub fn entries(stored: Vec<StoredEntry>) -> Entries {
    let option = |(name, value)| match value {
        StoredOption::Flag(flag) => (name, OptionValue::Flag(flag)),
        StoredOption::Number(number) => (name, OptionValue::Number(number)),
        StoredOption::Text(text) => (name, OptionValue::Text(text)),
    };
    let entry = |StoredEntry { name, source, options, tests }| {
        let options: BTreeMap<String, OptionValue> = options.into_iter().map(option).collect();
        match source {
            Some(source) => RuleEntry::Own { script: Script { name, source, options }, tests },
            None => RuleEntry::Library { name, options },
        }
    };
    stored.into_iter().map(entry).collect()
}

/// One change of a commit. `file` is empty for a change of the settings, whose encoded values are then the
/// two states, and [`RULES_FILE`] for one of the rules, whose encoded lists they are.
#[derive(Serialize, Deserialize)]
pub struct StoredChange<'a> {
    pub at: i64,
    #[serde(with = "serde_bytes")]
    pub basis: [u8; 16],
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
    #[serde(borrow)]
    pub through: Cow<'a, str>,
    #[serde(borrow)]
    pub verb: Cow<'a, str>,
    #[serde(borrow)]
    pub file: Cow<'a, str>,
    /// Of a merge: what lost.
    #[serde(borrow, with = "serde_bytes")]
    pub before: Option<&'a [u8]>,
    /// Of a merge: what was taken instead.
    #[serde(borrow, with = "serde_bytes")]
    pub after: Option<&'a [u8]>,
    /// Of a merge, which changed nothing here: whether it was a conflict. What was stored before there were any ends
    /// before this.
    #[serde(default)]
    pub merged: Option<bool>,
    /// Whether it was brought from another account. What was stored before that was possible ends before this.
    #[serde(default)]
    pub brought: bool,
    /// Of the first change of a commit. What was stored before it was noted ends before this.
    #[serde(default)]
    pub left: Option<StoredLeft>,
}

/// A change as the history keeps it.
pub fn encode_past(past: &Past) -> Vec<u8> {
    fn bytes(state: &Option<Vec<u8>>) -> Option<Cow<'_, [u8]>> {
        state.as_deref().map(Cow::Borrowed)
    }
    let list = |entries: &Option<Entries>| entries.as_deref().map(|entries| encode(&stored_entries(entries)).into());
    let settings = |settings| Some(encode_settings(settings).into());
    let (before, after, merged) = match &past.what {
        PastState::Document { before, after, .. } => (bytes(before), bytes(after), None),
        PastState::Merged { lost, kept, is_conflict, .. } => (bytes(lost), bytes(kept), Some(*is_conflict)),
        PastState::Settings { before, after } => (settings(*before), settings(*after), None),
        PastState::Rules { before, after } => (list(before), list(after), None),
    };
    encode(&StoredChange {
        at: past.at.timestamp_millis(),
        basis: past.basis.0,
        actor: (&past.actor).into(),
        through: (&past.through).into(),
        verb: (&past.verb).into(),
        file: file_of(past),
        before: before.as_deref(),
        after: after.as_deref(),
        merged,
        brought: past.is_brought,
        left: past.left.as_ref().map(StoredLeft::of),
    })
}

/// What stands for the file of a change where the history is kept by file.
pub fn file_of(past: &Past) -> Cow<'_, str> {
    match &past.what {
        PastState::Document { key, .. } => key.file.as_str().into(),
        PastState::Settings { .. } => Cow::default(),
        PastState::Rules { .. } => RULES_FILE.into(),
        PastState::Merged { file, .. } => file.name(),
    }
}

pub fn decode_past(generation: u64, index: u32, bytes: &[u8]) -> Result<Past, StoreError> {
    let stored: StoredChange<'_> = decode(bytes, "history")?;
    let owned = |state: Option<&[u8]>| state.map(<[u8]>::to_vec);
    let what = if let Some(is_conflict) = stored.merged {
        let file = MergedFile::parse(&stored.file).ok_or(StoreError::Damaged("history"))?;
        PastState::Merged { file, lost: owned(stored.before), kept: owned(stored.after), is_conflict }
    } else if stored.file.is_empty() {
        let settings = |state: Option<&[u8]>| decode_settings(state.ok_or(StoreError::Damaged("history"))?);
        PastState::Settings { before: settings(stored.before)?, after: settings(stored.after)? }
    } else if stored.file == RULES_FILE {
        let list = |state: Option<&[u8]>| state.map(|state| decode(state, "history").map(entries)).transpose();
        PastState::Rules { before: list(stored.before)?, after: list(stored.after)? }
    } else {
        let file = FileName::parse(&stored.file).ok_or(StoreError::Damaged("history"))?;
        PastState::Document { key: DocKey::of(file), before: owned(stored.before), after: owned(stored.after) }
    };
    Ok(Past {
        generation: Generation(generation),
        index,
        at: millis(stored.at, "history")?,
        basis: Basis(stored.basis),
        actor: stored.actor.into_owned(),
        through: stored.through.into_owned(),
        verb: stored.verb.into_owned(),
        what,
        is_brought: stored.brought,
        left: stored.left.map(StoredLeft::left).transpose()?,
    })
}

/// The answer to repeat for an `Idempotency-Key`.
#[derive(Serialize, Deserialize)]
pub struct StoredAnswer {
    #[serde(with = "serde_bytes")]
    pub fingerprint: [u8; 32],
    pub at: i64,
    #[serde(with = "serde_bytes")]
    pub answer: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_before_scripts_brought_tests_is_read() {
        let options = Vec::<(String, StoredOption)>::new;
        let before = [("mine", Some("// mine"), options()), ("spartan", None, options())];
        let read = entries(decode(&encode(&before), "rules").unwrap());
        let mine = RuleEntry::Own { script: Script::new("mine", "// mine"), tests: None };
        let library = RuleEntry::Library { name: "spartan".to_owned(), options: BTreeMap::new() };
        assert_eq!(read[..], [mine, library]);
        let tested = RuleEntry::Own { script: Script::new("mine", ""), tests: Some("// tests".to_owned()) };
        let again = entries(decode(&encode(&stored_entries(std::slice::from_ref(&tested))), "rules").unwrap());
        assert_eq!(again[..], [tested]);
    }

    #[test]
    fn a_change_of_before_there_were_merges_is_read() {
        let state = |text: &'static str| serde_bytes::Bytes::new(text.as_bytes());
        let before = (
            7_i64,
            state("0123456789abcdef"),
            "lena",
            "token",
            "update",
            "0001.md",
            Some(state("a")),
            Some(state("b")),
        );
        let past = decode_past(3, 1, &encode(&before)).unwrap();
        let key = DocKey::of(FileName::parse("0001.md").unwrap());
        let what = PastState::Document { key: key.clone(), before: Some(b"a".to_vec()), after: Some(b"b".to_vec()) };
        assert_eq!((past.generation, past.what, past.verb.as_str()), (Generation(3), what, "update"));
        for (file, named) in
            [("0001.md", MergedFile::Document(key)), ("rules/mine.rhai", MergedFile::Rule("mine.rhai".to_owned()))]
        {
            let (at, basis, actor, through, verb, _, lost, kept) = before;
            let merged = encode(&(at, basis, actor, through, verb, file, lost, kept, Some(true)));
            let past = decode_past(3, 1, &merged).unwrap();
            let (lost, kept) = (Some(b"a".to_vec()), Some(b"b".to_vec()));
            assert_eq!((named.name().as_ref(), past.is_conflict()), (file, true));
            assert_eq!(past.what, PastState::Merged { file: named, lost, kept, is_conflict: true });
        }
    }
}
