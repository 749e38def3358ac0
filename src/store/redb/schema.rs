//! The tables, their keys and the version of both.
//!
//! Keys begin with the user's id, so that one user's data is one range. Values are MessagePack of the types
//! in `codec`, by position: a field can be added at the end of a type, and a table that is made where it is not there;
//! nothing else may change without a new schema version and a migration.

use redb::{TableDefinition, TableHandle};

use crate::store::RULES_FOLDER;

/// The form of tables, keys and values that this version reads and writes. The first had no rules of users and no
/// journal: a program that knows only it would read a change of rules as one of a document, and would not carry out
/// again what is in the journal alone.
pub const SCHEMA_VERSION: u32 = 2;

/// `schema`, `incarnation`, `next_user`, `journal`, `removed`.
pub const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
pub const META_SCHEMA: &str = "schema";
pub const META_INCARNATION: &str = "incarnation";
pub const META_NEXT_USER: &str = "next_user";
/// The number of the last record of the journal that is in the database; none of it is when there is no such entry.
pub const META_JOURNAL: &str = "journal";
/// There since somebody was removed, until the file was written anew: what was removed may be readable in its free pages.
pub const META_REMOVED: &str = "removed";

/// User id → account.
pub const USERS: TableDefinition<u64, &[u8]> = TableDefinition::new("users");
/// Name → user id.
pub const USER_NAMES: TableDefinition<&str, u64> = TableDefinition::new("user_names");
/// User id → what is kept of the password: a sealed hash, in databases of before the hash itself.
pub const CREDENTIALS: TableDefinition<u64, &str> = TableDefinition::new("credentials");
/// SHA-256 of a token → what it grants.
pub const TOKENS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("tokens");
/// (user id, SHA-256 of a token): the same by user; derivable from [`TOKENS`].
pub const USER_TOKENS: TableDefinition<(u64, &[u8; 32]), ()> = TableDefinition::new("user_tokens");

/// User id → generation, its time, next number.
pub const HEADS: TableDefinition<u64, &[u8]> = TableDefinition::new("heads");
/// User id → time zone, language.
pub const SETTINGS: TableDefinition<u64, &[u8]> = TableDefinition::new("settings");

/// (user id, number or [`UNNUMBERED`], file name): the order is the order of rank.
pub type DocumentKey = (u64, u32, &'static str);
/// The number of a document whose file name says none.
pub const UNNUMBERED: u32 = u32::MAX;
/// The raw document, byte for byte.
pub const DOCUMENTS: TableDefinition<DocumentKey, &[u8]> = TableDefinition::new("documents");
/// What planning needs of each document; same keys as [`DOCUMENTS`], derivable from it.
pub const TASKS: TableDefinition<DocumentKey, &[u8]> = TableDefinition::new("tasks");

/// User id → the timeline of the present generation.
pub const TIMELINES: TableDefinition<u64, &[u8]> = TableDefinition::new("timelines");

/// (user id, generation that made it) → a version of the user's rules; the last one is the present.
pub const RULES: TableDefinition<(u64, u64), &[u8]> = TableDefinition::new("rules");

/// Counted from 0: what plans were made with, and from when on.
pub const BASES: TableDefinition<u64, &[u8]> = TableDefinition::new("bases");

/// (user id, generation, index within the commit) → what changed, by whom, through what.
pub const HISTORY: TableDefinition<(u64, u64, u32), &[u8]> = TableDefinition::new("history");

/// What stands for the rules where a change names its file. No document has such a name.
pub const RULES_FILE: &str = RULES_FOLDER;

/// (user id, file name, generation, index): the same by document.
pub const HISTORY_BY_FILE: TableDefinition<(u64, &str, u64, u32), ()> = TableDefinition::new("history_by_file");

/// User id → where the user stands with a repository.
pub const SYNC: TableDefinition<u64, &[u8]> = TableDefinition::new("sync");
/// User id → what is known of single files in it.
pub const SYNC_FILES: TableDefinition<u64, &[u8]> = TableDefinition::new("sync_files");
/// User id → the remote that the user has for oneself.
pub const REMOTES: TableDefinition<u64, &[u8]> = TableDefinition::new("remotes");

/// (user id, route, key) → fingerprint, time and answer.
pub const IDEMPOTENCY: TableDefinition<(u64, &str, &str), &[u8]> = TableDefinition::new("idempotency");
/// (milliseconds, user id, route, key): the same in the order of time, for forgetting.
pub const IDEMPOTENCY_BY_TIME: TableDefinition<(i64, u64, &str, &str), ()> =
    TableDefinition::new("idempotency_by_time");

/// The names of all tables.
pub fn tables() -> [&'static str; 20] {
    [
        META.name(),
        USERS.name(),
        USER_NAMES.name(),
        CREDENTIALS.name(),
        TOKENS.name(),
        USER_TOKENS.name(),
        HEADS.name(),
        SETTINGS.name(),
        DOCUMENTS.name(),
        TASKS.name(),
        TIMELINES.name(),
        RULES.name(),
        BASES.name(),
        HISTORY.name(),
        HISTORY_BY_FILE.name(),
        SYNC.name(),
        SYNC_FILES.name(),
        REMOTES.name(),
        IDEMPOTENCY.name(),
        IDEMPOTENCY_BY_TIME.name(),
    ]
}
