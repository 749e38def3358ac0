//! The rows of a backup: types of its own, apart from the domain's and from those of the store, and the way between them.
//! They are MessagePack by position: a field can be added at the end of a type, and nothing else may change without
//! another version of the format.

mod change;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

pub(super) use self::change::ChangeRow;
use super::BackupError;
use crate::domain::ids::{FileName, Generation, ObjectName, TaskNumber, UserId, UserName};
use crate::domain::lang::Lang;
use crate::domain::script::{OptionValue, RuleEntry, Script};
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::store::{
    AccountState, Entries, Grant, GrantKind, Head, HeldFile, KeptRules, OwnRemote, RulesVersion, Scopes, Settings,
    SyncFiles, SyncState, SyncUpdate, User,
};

pub(super) fn encode<T: Serialize>(rows: &T) -> Vec<u8> {
    // Writing plain structs into memory has nothing that could fail.
    rmp_serde::to_vec(rows).unwrap_or_default()
}

/// # Errors
/// The bytes are no such rows, or something comes after them.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8], member: &str) -> Result<T, BackupError> {
    let damaged = || BackupError::Damaged { place: member.to_owned() };
    let mut rest = bytes;
    let rows = rmp_serde::from_read(&mut rest).map_err(|_| damaged())?;
    if rest.is_empty() { Ok(rows) } else { Err(damaged()) }
}

/// Which value of a row is none.
pub(super) struct Wrong(&'static str);

impl Wrong {
    pub(super) fn in_member(self, member: &str) -> BackupError {
        BackupError::Damaged { place: format!("{member} ({})", self.0) }
    }
}

fn time(millis: i64) -> Result<DateTime<Utc>, Wrong> {
    DateTime::from_timestamp_millis(millis).ok_or(Wrong("a time"))
}

fn number(number: Option<u32>) -> Result<Option<TaskNumber>, Wrong> {
    number.map(|number| TaskNumber::new(number).ok_or(Wrong("a number"))).transpose()
}

/// An account, with what is kept in few rows.
#[derive(Serialize, Deserialize)]
pub(super) struct AccountRow {
    id: u64,
    name: String,
    admin: bool,
    disabled: bool,
    created_at: i64,
    /// The hash itself; nothing for somebody without a password, and where the key is lost that it was sealed with.
    password: Option<String>,
    tokens: Vec<TokenRow>,
    settings: SettingsRow,
    generation: u64,
    committed_at: i64,
    next_number: Option<u32>,
    rules: Vec<RulesRow>,
    remote: Option<RemoteRow>,
    pub(super) timeline: Option<TimelineRow>,
    #[serde(default)]
    sync: Option<SyncRow>,
}

/// Where the timeline beside it comes from.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct TimelineRow {
    #[serde(with = "serde_bytes")]
    pub(super) basis: [u8; 16],
    /// An instant at which it was the timeline.
    pub(super) at: i64,
}

#[derive(Serialize, Deserialize)]
struct TokenRow {
    #[serde(with = "serde_bytes")]
    sha256: [u8; 32],
    name: String,
    scopes: u8,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SettingsRow {
    zone: String,
    german: bool,
    days: u16,
    /// A backup that was made before there were any ends before this.
    #[serde(default)]
    theme: ThemeRow,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
enum ThemeRow {
    #[default]
    Auto,
    Light,
    Dark,
}

#[derive(Serialize, Deserialize)]
struct RulesRow {
    version: u64,
    at: i64,
    actor: String,
    through: String,
    entries: Option<Vec<EntryRow>>,
    earlier: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
enum OptionRow {
    Flag(bool),
    Number(i64),
    Text(String),
}

#[derive(Serialize, Deserialize)]
pub(super) struct EntryRow {
    name: String,
    /// Nothing for a script of the library.
    source: Option<String>,
    options: BTreeMap<String, OptionRow>,
    tests: Option<String>,
}

/// A repository of one's own, without its token.
#[derive(Serialize, Deserialize)]
struct RemoteRow {
    address: String,
    branch: String,
    base_path: String,
    username: Option<String>,
    mode: String,
}

/// Where a user stands with a repository. Without pushes that were under way: whoever restores a backup asks the
/// repository what became of them.
#[derive(Serialize, Deserialize)]
struct SyncRow {
    #[serde(with = "serde_bytes")]
    remote: [u8; 16],
    base: Option<CommitRow>,
    outbox_from: u64,
    /// By file: the content that was last merged, and why what came after it is not taken.
    held: BTreeMap<String, (Option<CommitRow>, String)>,
    held_more: u64,
    held_from: Option<CommitRow>,
    differing: BTreeSet<String>,
    held_back: BTreeSet<String>,
    unreadable_names: u64,
}

/// The name of an object in a repository.
#[derive(Serialize, Deserialize)]
struct CommitRow(#[serde(with = "serde_bytes")] [u8; 20]);

/// A file's name and content.
#[derive(Serialize, Deserialize)]
pub(super) struct DocumentRow(String, ByteBuf);

/// The token that a user's own repository is asked with.
#[derive(Serialize, Deserialize)]
pub(super) struct RemoteTokenRow(pub(super) u64, pub(super) String);

impl AccountRow {
    /// Sessions are left out: who is signed in shows on a browser that the restored server never saw.
    pub(super) fn of(state: &AccountState, password: Option<String>, timeline: Option<TimelineRow>) -> AccountRow {
        let AccountState { user, head, settings, grants, rules, remote, sync, .. } = state;
        let tokens = grants.iter().filter(|(_, grant)| grant.kind == GrantKind::Token);
        AccountRow {
            id: user.id.0,
            name: user.name.as_str().to_owned(),
            admin: user.admin,
            disabled: user.disabled,
            created_at: user.created_at.timestamp_millis(),
            password,
            tokens: tokens.map(TokenRow::of).collect(),
            settings: SettingsRow::of(*settings),
            generation: head.generation.0,
            committed_at: head.committed_at.timestamp_millis(),
            next_number: head.next_number.map(TaskNumber::get),
            rules: rules.iter().map(RulesRow::of).collect(),
            remote: remote.as_ref().map(RemoteRow::of),
            timeline,
            sync: sync.as_ref().map(SyncRow::of),
        }
    }

    /// The account, with the hash of the password as its credential.
    pub(super) fn state(self) -> Result<AccountState, Wrong> {
        let id = UserId(self.id);
        let head = Head {
            generation: Generation(self.generation),
            committed_at: time(self.committed_at)?,
            next_number: number(self.next_number)?,
        };
        let user = User {
            id,
            name: UserName::parse(&self.name).ok_or(Wrong("a name"))?,
            admin: self.admin,
            disabled: self.disabled,
            created_at: time(self.created_at)?,
        };
        let rules = self.rules.into_iter().map(RulesRow::kept).collect::<Result<Vec<_>, _>>()?;
        if !rules.is_sorted_by_key(|kept| kept.version.version)
            || rules.last().is_some_and(|last| last.version.version > head.generation)
        {
            return Err(Wrong("a version of rules"));
        }
        Ok(AccountState {
            user,
            head,
            settings: self.settings.settings()?,
            credential: self.password,
            grants: self.tokens.into_iter().map(|token| token.grant(id)).collect::<Result<_, _>>()?,
            rules,
            remote: self.remote.map(RemoteRow::remote),
            sync: self.sync.map(|sync| sync.update(head.generation)).transpose()?,
            timeline: None,
            is_durable: true,
        })
    }
}

impl TokenRow {
    fn of((sha256, grant): &([u8; 32], Grant)) -> TokenRow {
        TokenRow {
            sha256: *sha256,
            name: grant.token_name.clone(),
            scopes: grant.scopes.0,
            created_at: grant.created_at.timestamp_millis(),
            expires_at: grant.expires_at.map(|at| at.timestamp_millis()),
            last_used_at: grant.last_used_at.map(|at| at.timestamp_millis()),
        }
    }

    fn grant(self, user: UserId) -> Result<([u8; 32], Grant), Wrong> {
        let grant = Grant {
            user,
            kind: GrantKind::Token,
            token_name: self.name,
            scopes: Scopes(self.scopes),
            created_at: time(self.created_at)?,
            expires_at: self.expires_at.map(time).transpose()?,
            last_used_at: self.last_used_at.map(time).transpose()?,
        };
        Ok((self.sha256, grant))
    }
}

impl SettingsRow {
    fn of(settings: Settings) -> SettingsRow {
        let zone = settings.zone.name().to_owned();
        let theme = match settings.theme {
            Theme::Auto => ThemeRow::Auto,
            Theme::Light => ThemeRow::Light,
            Theme::Dark => ThemeRow::Dark,
        };
        SettingsRow { zone, german: settings.lang == Lang::De, days: settings.days, theme }
    }

    fn settings(self) -> Result<Settings, Wrong> {
        let zone = Zone::parse(&self.zone).ok_or(Wrong("a time zone"))?;
        let theme = match self.theme {
            ThemeRow::Auto => Theme::Auto,
            ThemeRow::Light => Theme::Light,
            ThemeRow::Dark => Theme::Dark,
        };
        Ok(Settings { zone, lang: if self.german { Lang::De } else { Lang::En }, days: self.days, theme })
    }
}

impl RulesRow {
    fn of(kept: &KeptRules) -> RulesRow {
        let RulesVersion { version, at, actor, through, entries } = &kept.version;
        RulesRow {
            version: version.0,
            at: at.timestamp_millis(),
            actor: actor.clone(),
            through: through.clone(),
            entries: entries.as_deref().map(entry_rows),
            earlier: kept.earlier.iter().map(|earlier| earlier.0).collect(),
        }
    }

    fn kept(self) -> Result<KeptRules, Wrong> {
        let version = RulesVersion {
            version: Generation(self.version),
            at: time(self.at)?,
            actor: self.actor,
            through: self.through,
            entries: self.entries.map(entries),
        };
        Ok(KeptRules { version, earlier: self.earlier.into_iter().map(Generation).collect() })
    }
}

fn entry_rows(entries: &[RuleEntry]) -> Vec<EntryRow> {
    let option = |(name, value): (&String, &OptionValue)| {
        let value = match value {
            OptionValue::Flag(flag) => OptionRow::Flag(*flag),
            OptionValue::Number(number) => OptionRow::Number(*number),
            OptionValue::Text(text) => OptionRow::Text(text.clone()),
        };
        (name.clone(), value)
    };
    let row = |entry: &RuleEntry| EntryRow {
        name: entry.name().to_owned(),
        source: entry.source().map(str::to_owned),
        options: entry.options().iter().map(option).collect(),
        tests: entry.tests().map(str::to_owned),
    };
    entries.iter().map(row).collect()
}

fn entries(rows: Vec<EntryRow>) -> Entries {
    let option = |(name, value)| match value {
        OptionRow::Flag(flag) => (name, OptionValue::Flag(flag)),
        OptionRow::Number(number) => (name, OptionValue::Number(number)),
        OptionRow::Text(text) => (name, OptionValue::Text(text)),
    };
    let entry = |EntryRow { name, source, options, tests }| {
        let options: BTreeMap<String, OptionValue> = options.into_iter().map(option).collect();
        match source {
            Some(source) => RuleEntry::Own { script: Script { name, source, options }, tests },
            None => RuleEntry::Library { name, options },
        }
    };
    rows.into_iter().map(entry).collect()
}

impl RemoteRow {
    fn of(remote: &OwnRemote) -> RemoteRow {
        let OwnRemote { address, branch, base_path, username, mode, .. } = remote.clone();
        RemoteRow { address, branch, base_path, username, mode }
    }

    fn remote(self) -> OwnRemote {
        let RemoteRow { address, branch, base_path, username, mode } = self;
        OwnRemote { address, branch, base_path, username, sealed_token: None, mode }
    }
}

impl CommitRow {
    fn of(name: ObjectName) -> CommitRow {
        CommitRow(name.0)
    }

    fn name(self) -> ObjectName {
        ObjectName(self.0)
    }
}

impl SyncRow {
    fn of(update: &SyncUpdate) -> SyncRow {
        let SyncUpdate { state, files } = update.clone();
        let files = files.unwrap_or_default();
        let held = |(file, held): (String, HeldFile)| (file, (held.base.map(CommitRow::of), held.reason));
        SyncRow {
            remote: state.remote,
            base: state.base.map(CommitRow::of),
            outbox_from: state.outbox_from.0,
            held: files.held.into_iter().map(held).collect(),
            held_more: files.held_more,
            held_from: files.held_from.map(CommitRow::of),
            differing: files.differing,
            held_back: files.held_back,
            unreadable_names: files.unreadable_names,
        }
    }

    fn update(self, present: Generation) -> Result<SyncUpdate, Wrong> {
        let outbox_from = Generation(self.outbox_from);
        if outbox_from > present {
            return Err(Wrong("where the outbox begins"));
        }
        let base = self.base.map(CommitRow::name);
        let held = |(file, (base, reason)): (String, (Option<CommitRow>, String))| {
            (file, HeldFile { base: base.map(CommitRow::name), reason })
        };
        let files = SyncFiles {
            held: self.held.into_iter().map(held).collect(),
            held_more: self.held_more,
            held_from: self.held_from.map(CommitRow::name),
            differing: self.differing,
            held_back: self.held_back,
            unreadable_names: self.unreadable_names,
        };
        let state = SyncState { remote: self.remote, base, outbox_from, pushing: Vec::new() };
        Ok(SyncUpdate { state, files: Some(files) })
    }
}

impl DocumentRow {
    pub(super) fn of((file, raw): (FileName, Vec<u8>)) -> DocumentRow {
        DocumentRow(file.as_str().to_owned(), ByteBuf::from(raw))
    }

    pub(super) fn document(self) -> Result<(FileName, Vec<u8>), Wrong> {
        Ok((FileName::parse(&self.0).ok_or(Wrong("a file's name"))?, self.1.into_vec()))
    }
}
