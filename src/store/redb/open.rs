//! Opening a data directory's database: made when it is new, refused when it is not ours to open.

use std::path::Path;
use std::sync::Arc;

use redb::{Database, DatabaseError, Durability, ReadableDatabase, StorageError};
use tokio::sync::mpsc;

use super::schema::{self, META, META_INCARNATION, META_NEXT_USER, META_SCHEMA, SCHEMA_VERSION};
use super::{QUEUE_MAX, Store, writer};
use crate::store::Incarnation;
use crate::store::hot::Published;

/// Why a database could not be opened. Each is one sentence for the person who started the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} is in use by another codexmiroir")]
    InUse { path: String },
    #[error("{path} is not a CodexMiroir database; choose another --data-dir, or restore a backup")]
    Foreign { path: String },
    #[error(
        "{path} was written by a newer version (schema {found}; this one knows {SCHEMA_VERSION}); start that version or a newer one"
    )]
    Newer { path: String, found: u32 },
    #[error("{path} is damaged: {detail}; restore a backup")]
    Damaged { path: String, detail: String },
    #[error("cannot open {path}: {detail}; see who owns it, or choose another --data-dir")]
    Io { path: String, detail: String },
}

/// Pages of the database that redb keeps in memory, in bytes.
const CACHE_BYTES: usize = 256 * 1024 * 1024;

impl Store {
    /// Opens the database file, or makes it. `hot_bytes_max` bounds the hot map.
    pub fn open(path: &Path, hot_bytes_max: u64) -> Result<Store, OpenError> {
        let name = path.display().to_string();
        let db = open_database(path, &name)?;
        let incarnation = prepare(&db, &name)?;
        let db = Arc::new(db);
        let published = Arc::new(Published::new(hot_bytes_max));
        let health = Arc::new(writer::Health::default());
        let (requests, queue) = mpsc::channel(QUEUE_MAX);
        let thread = writer::Writer { db: db.clone(), published: published.clone(), health: health.clone() };
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.run(queue))
            .map_err(|error| OpenError::Io { path: name, detail: error.to_string() })?;
        Ok(Store { db, incarnation, published, requests, writer: Some(writer), health })
    }
}

fn open_database(path: &Path, name: &str) -> Result<Database, OpenError> {
    // redb would take any file of zero bytes, and panic on some that are not a database.
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder.set_repair_callback(|repair| {
        tracing::info!(progress = repair.progress(), "checking the database after a crash");
    });
    let path_text = name.to_owned();
    builder.create(path).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse { path: path_text },
        DatabaseError::UpgradeRequired(_) => OpenError::Foreign { path: path_text },
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            OpenError::Foreign { path: path_text }
        }
        DatabaseError::Storage(StorageError::Corrupted(detail)) => OpenError::Damaged { path: path_text, detail },
        other => OpenError::Io { path: path_text, detail: other.to_string() },
    })
}

/// Checks the schema version of an existing database, or lays out a new one.
fn prepare(db: &Database, name: &str) -> Result<Incarnation, OpenError> {
    let io = |error: redb::Error| OpenError::Io { path: name.to_owned(), detail: error.to_string() };
    match read_meta(db).map_err(io)? {
        None => lay_out(db).map_err(io),
        Some((version, _)) if version > SCHEMA_VERSION => {
            Err(OpenError::Newer { path: name.to_owned(), found: version })
        }
        Some((_, Some(incarnation))) => Ok(incarnation),
        Some((_, None)) => {
            Err(OpenError::Damaged { path: name.to_owned(), detail: "the incarnation is missing".to_owned() })
        }
    }
}

/// The schema version and the incarnation; `None` for a database without tables.
fn read_meta(db: &Database) -> Result<Option<(u32, Option<Incarnation>)>, redb::Error> {
    let transaction = db.begin_read()?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::TableDoesNotExist(_)) if transaction.list_tables()?.next().is_none() => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let version = meta.get(META_SCHEMA)?.and_then(|bytes| bytes.value().try_into().ok().map(u32::from_be_bytes));
    let incarnation = meta.get(META_INCARNATION)?.and_then(|bytes| bytes.value().try_into().ok().map(Incarnation));
    Ok(Some((version.unwrap_or(u32::MAX), incarnation)))
}

fn lay_out(db: &Database) -> Result<Incarnation, redb::Error> {
    let incarnation = Incarnation(crate::store::random());
    let mut transaction = db.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_SCHEMA, SCHEMA_VERSION.to_be_bytes().as_slice())?;
        meta.insert(META_INCARNATION, incarnation.0.as_slice())?;
        meta.insert(META_NEXT_USER, 1_u64.to_be_bytes().as_slice())?;
        transaction.open_table(schema::USERS)?;
        transaction.open_table(schema::USER_NAMES)?;
        transaction.open_table(schema::CREDENTIALS)?;
        transaction.open_table(schema::TOKENS)?;
        transaction.open_table(schema::HEADS)?;
        transaction.open_table(schema::SETTINGS)?;
        transaction.open_table(schema::DOCUMENTS)?;
        transaction.open_table(schema::TASKS)?;
        transaction.open_table(schema::TIMELINES)?;
        transaction.open_table(schema::HISTORY)?;
        transaction.open_table(schema::IDEMPOTENCY)?;
        transaction.open_table(schema::IDEMPOTENCY_BY_TIME)?;
    }
    transaction.commit()?;
    Ok(incarnation)
}
