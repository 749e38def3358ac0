//! Opening a data directory's database: made when it is new, refused when it is not ours to open.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, DatabaseError, Durability, ReadableDatabase, StorageError};
use tokio::sync::mpsc;

use super::fault::Pauses;
use super::journal::{Journal, JournalError, Place};
use super::replay::{number_in, replay};
use super::schema::{self, META, META_INCARNATION, META_NEXT_USER, META_SCHEMA, SCHEMA_VERSION};
use super::seat::Seat;
use super::views::{Doubts, Views};
use super::volume::{Session, Volume};
use super::writer::Writer;
use super::{QUEUE_MAX, Store, bases, health, migrate, sync};
use crate::store::hot::Published;
use crate::store::{Incarnation, Memory};

/// Why a database could not be opened. Each is one sentence for the person who started the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} is in use by another codexmiroir")]
    InUse { path: String },
    #[error("{path} is empty, which a database never is; restore a backup, or remove the file to begin anew")]
    Empty { path: String },
    #[error("{path} is not a CodexMiroir database; choose another --data-dir, or restore a backup")]
    Foreign { path: String },
    #[error(
        "{path} was written by a newer version (schema {found}; this one knows {SCHEMA_VERSION}); start that version or a newer one"
    )]
    Newer { path: String, found: u32 },
    #[error(
        "{path} is of an older version, and a copy of it as it is cannot be made: {detail}; nothing was changed, see to that and start again"
    )]
    NotCopied { path: String, detail: String },
    #[error("{path} could not be written anew: {detail}; it is as it was, see to that and start again")]
    NotRewritten { path: String, detail: String },
    #[error("{path} is damaged: {detail}; restore a backup")]
    Damaged { path: String, detail: String },
    #[error(
        "the journal of {path} cannot be used: {detail}; put back the files that were beside each other, or move the journal away to give up what is in it"
    )]
    Journal { path: String, detail: String },
    #[error("cannot open {path}: {detail}; see who owns it, or choose another --data-dir")]
    Io { path: String, detail: String },
}

/// What a database's file ends with that does not have its name yet.
pub(super) const NEW: &str = "new";

/// The journal of a database's file.
pub(super) fn journal_beside(path: &Path) -> PathBuf {
    path.with_extension("journal")
}

impl Store {
    /// Opens the database file, or makes it.
    pub fn open(path: &Path, memory: Memory) -> Result<Store, OpenError> {
        let name = path.display().to_string();
        look(path, &name)?;
        let volume = open_or_create(path, memory.cache_bytes, &name)?;
        let file = health::DatabaseFile::at(path)
            .map_err(|error| OpenError::Io { path: name.clone(), detail: error.to_string() })?;
        let journal = Place::File(journal_beside(path));
        let store = Store::start(volume, file, journal, &name, memory.hot_bytes, Pauses::default())?;
        // What a copy left that was cut off: whoever has the database is the only one who makes any.
        let _ = fs::remove_file(path.with_extension(NEW));
        Ok(store)
    }

    /// Opens the database of a volume and starts its writer. `name` is for errors.
    pub(super) fn start(
        volume: Arc<Volume>,
        file: health::DatabaseFile,
        journal: Place,
        name: &str,
        hot_bytes: u64,
        pauses: Pauses,
    ) -> Result<Store, OpenError> {
        let mut session = volume.session();
        let mut db = open_database(&session, name)?;
        let Present { version, incarnation } = present(&db, name)?;
        let mut journal = open_journal(journal, &db, incarnation, name)?;
        if !journal.waiting().is_empty() {
            tracing::info!(records = journal.waiting().len(), "carrying out again what was last changed");
            replay(&db, &journal).map_err(|error| failed(name, &error))?;
        }
        // A crash may have left it with data of an account that was removed.
        journal.discard();
        if version < SCHEMA_VERSION {
            drop(db);
            let copy = migrate::keep_copy(file.path(), version);
            let copy =
                copy.map_err(|error| OpenError::NotCopied { path: name.to_owned(), detail: error.to_string() })?;
            session = volume.session();
            db = open_database(&session, name)?;
            migrate::migrate(&db).map_err(|error| failed(name, &error))?;
            let copy = copy.display();
            tracing::info!(
                "the database has the form {SCHEMA_VERSION} now; as it was for older versions it is kept as {copy}"
            );
        }
        sync::make_tables_where_missing(&db).map_err(|error| failed(name, &error))?;
        bases::make_table_where_missing(&db).map_err(|error| failed(name, &error))?;
        let views = Arc::new(Views::new(db));
        let published = Arc::new(Published::new(hot_bytes));
        let (health, file) = (Arc::new(health::Health::default()), Arc::new(file));
        let (requests, queue) = mpsc::channel(QUEUE_MAX);
        let writer = Writer {
            volume,
            session,
            views: views.clone(),
            file: file.clone(),
            incarnation,
            published: published.clone(),
            health: health.clone(),
            journal,
            pauses,
            fault: None,
            doubts: Doubts::new(),
        };
        let seat = Arc::new(Seat::new(writer, queue));
        let own = seat.clone();
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || own.run())
            .map_err(|error| OpenError::Io { path: name.to_owned(), detail: error.to_string() })?;
        Ok(Store { views, incarnation, published, requests, seat, writer: Some(writer), health, file })
    }
}

/// Refuses a database of somebody else before it is opened for writing, which would already change its file.
fn look(path: &Path, name: &str) -> Result<(), OpenError> {
    // One that is not there, is in use, or was left by a crash is judged when it is open.
    let Ok(db) = redb::Builder::new().set_cache_size(0).open_read_only(path) else { return Ok(()) };
    present(&db, name).map(drop)
}

/// Opens the file that is there, or makes a new one under another name first: a database under its own name
/// is always whole, so an empty file of that name is somebody's loss and not a beginning.
fn open_or_create(path: &Path, cache_bytes: usize, name: &str) -> Result<Arc<Volume>, OpenError> {
    let failed = |error: io::Error| OpenError::Io { path: name.to_owned(), detail: error.to_string() };
    match fs::metadata(path) {
        Ok(found) if found.len() == 0 => Err(OpenError::Empty { path: name.to_owned() }),
        Ok(_) => open_volume(path, cache_bytes).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let new = path.with_extension(NEW);
            create_file(&new).map_err(failed)?;
            let db = open_database(&open_volume(&new, cache_bytes).map_err(failed)?.session(), name)?;
            lay_out(&db).map_err(|error| self::failed(name, &error))?;
            drop(db);
            fs::rename(&new, path).and_then(|()| sync_folder(path)).map_err(failed)?;
            open_volume(path, cache_bytes).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Makes an empty file in place of one that a start left which was cut off.
pub(super) fn create_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Documents and password hashes are its owner's alone, whatever the folder allows.
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

/// `cache_bytes` is what an opening of its database keeps in memory of its pages.
pub(super) fn open_volume(path: &Path, cache_bytes: usize) -> io::Result<Arc<Volume>> {
    let file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    Ok(Volume::new(redb::backends::FileBackend::new(file).map_err(io::Error::other)?, cache_bytes))
}

/// Makes a new name durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// How redb opens a database here.
pub(super) fn builder(cache_bytes: usize) -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(cache_bytes);
    builder.set_repair_callback(|repair| {
        tracing::info!(progress = repair.progress(), "checking the database after a crash");
    });
    builder
}

pub(super) fn open_database(session: &Session, name: &str) -> Result<Database, OpenError> {
    let path = name.to_owned();
    builder(session.cache_bytes()).create_with_backend(session.clone()).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse { path },
        DatabaseError::UpgradeRequired(_) => OpenError::Foreign { path },
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            OpenError::Foreign { path }
        }
        DatabaseError::Storage(StorageError::Corrupted(detail)) => OpenError::Damaged { path, detail },
        other => OpenError::Io { path, detail: other.to_string() },
    })
}

fn open_journal(place: Place, db: &Database, incarnation: Incarnation, name: &str) -> Result<Journal, OpenError> {
    let number = || Ok(number_in(&db.begin_read()?.open_table(META)?)?);
    let number = number().map_err(|error: redb::Error| failed(name, &error))?;
    Journal::open(place, incarnation, number)
        .map_err(|error: JournalError| OpenError::Journal { path: name.to_owned(), detail: error.to_string() })
}

/// The incarnation of a database, if it is one of ours.
pub(super) fn incarnation_of(db: &impl ReadableDatabase) -> Option<Incarnation> {
    present(db, "").ok().map(|present| present.incarnation)
}

/// A database that this version reads.
struct Present {
    version: u32,
    incarnation: Incarnation,
}

fn present(db: &impl ReadableDatabase, name: &str) -> Result<Present, OpenError> {
    match read_meta(db).map_err(|error| failed(name, &error))? {
        Meta::Foreign => Err(OpenError::Foreign { path: name.to_owned() }),
        Meta::Version(version, _) if version > SCHEMA_VERSION => {
            Err(OpenError::Newer { path: name.to_owned(), found: version })
        }
        Meta::Version(version, Some(incarnation)) => Ok(Present { version, incarnation }),
        Meta::Version(_, None) => {
            Err(OpenError::Damaged { path: name.to_owned(), detail: "the incarnation is missing".to_owned() })
        }
    }
}

fn failed(name: &str, error: &redb::Error) -> OpenError {
    OpenError::Io { path: name.to_owned(), detail: error.to_string() }
}

enum Meta {
    /// Without our tables.
    Foreign,
    Version(u32, Option<Incarnation>),
}

fn read_meta(db: &impl ReadableDatabase) -> Result<Meta, redb::Error> {
    let transaction = db.begin_read()?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::TableDoesNotExist(_) | redb::TableError::TableTypeMismatch { .. }) => {
            return Ok(Meta::Foreign);
        }
        Err(error) => return Err(error.into()),
    };
    let version = meta.get(META_SCHEMA)?.and_then(|bytes| bytes.value().try_into().ok().map(u32::from_be_bytes));
    let incarnation = meta.get(META_INCARNATION)?.and_then(|bytes| bytes.value().try_into().ok().map(Incarnation));
    Ok(Meta::Version(version.unwrap_or(u32::MAX), incarnation))
}

pub(super) fn lay_out(db: &Database) -> Result<(), redb::Error> {
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
        transaction.open_table(schema::USER_TOKENS)?;
        transaction.open_table(schema::HEADS)?;
        transaction.open_table(schema::SETTINGS)?;
        transaction.open_table(schema::DOCUMENTS)?;
        transaction.open_table(schema::TASKS)?;
        transaction.open_table(schema::TIMELINES)?;
        transaction.open_table(schema::RULES)?;
        transaction.open_table(schema::BASES)?;
        transaction.open_table(schema::HISTORY)?;
        transaction.open_table(schema::HISTORY_BY_FILE)?;
        transaction.open_table(schema::IDEMPOTENCY)?;
        transaction.open_table(schema::IDEMPOTENCY_BY_TIME)?;
        sync::make_tables(&transaction)?;
    }
    transaction.commit()?;
    Ok(())
}
