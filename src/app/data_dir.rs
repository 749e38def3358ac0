//! A data directory: its database, which one process has at a time, and how to tell who has it.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::process::geteuid;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::StartError;
use super::control;
use super::restore::Place;
use crate::domain::ids::UserId;
use crate::secrets::{KEY_FILE, KeyFile};
use crate::service::backup::real_path;
use crate::service::keyring::Keyring;
use crate::service::passwords::sealed_of_before;
use crate::store::{Memory, OpenError, Store, StoreError};

/// The database's file in the data directory.
pub(super) const DATABASE_FILE: &str = "codexmiroir.redb";
/// Holds the address of the server that has the data directory, for whoever finds it in use.
const ADDRESS_FILE: &str = "server.address";

/// How long a database that somebody else has is waited for: longer than a command has it.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How often it is looked at meanwhile.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long a server on this machine may take to take a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(1);

/// What of a directory's mode lets others than its owner in.
const OTHERS: u32 = 0o077;

/// A larger database is not written anew at a start, which somebody waits for.
const REWRITTEN_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Whether the database is to be written anew because of what is left of removed accounts in its free pages.
fn has_remains(store: &Store) -> Result<bool, StoreError> {
    if !store.has_remains()? {
        return Ok(false);
    }
    let bytes = store.file_bytes()?;
    if bytes > REWRITTEN_BYTES_MAX {
        tracing::warn!(
            "{} MiB of database are too many to write anew now: what was left of removed accounts in its free pages stays \
             until they are used again",
            bytes >> 20
        );
    }
    Ok(bytes <= REWRITTEN_BYTES_MAX)
}

/// A data directory with its database.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    pub fn at(path: PathBuf) -> DataDir {
        DataDir { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a database, or something in its place, that [`DataDir::open`] would open.
    pub fn has_database(&self) -> bool {
        self.path.join(DATABASE_FILE).exists()
    }

    /// Makes the directory, for its owner alone, and the database in it, if they are not there.
    pub fn open_or_create(&self, memory: Memory) -> Result<Store, StartError> {
        let failed = |detail: String| self.unusable(detail);
        if self.path.exists() && !self.path.is_dir() {
            return Err(failed("it is a file".to_owned()));
        }
        self.require_place()?;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.map_err(|error| failed(error.to_string()))?;
        self.require_own()?;
        if self.has_database() {
            return self.open(memory);
        }
        // Whoever makes the database is alone at it: two would take each other's half-made file away.
        let making = fs::File::open(&self.path).map_err(|error| failed(error.to_string()))?;
        match making.try_lock() {
            Ok(()) => self.open(memory),
            Err(fs::TryLockError::WouldBlock) => {
                Err(OpenError::InUse { path: self.path.join(DATABASE_FILE).display().to_string() }.into())
            }
            Err(fs::TryLockError::Error(error)) => Err(failed(error.to_string())),
        }
    }

    /// Refuses a directory that is not there because a restore was cut off: a new one in its place would hide that.
    pub(super) fn require_place(&self) -> Result<(), StartError> {
        let stranded = self.place().and_then(|place| place.stranded());
        let before = |before: PathBuf| StartError::RestoreCut {
            path: self.path.display().to_string(),
            before: before.display().to_string(),
            // Else it would be moved into what is there.
            first: if self.path.exists() { format!("rmdir '{}' && ", self.path.display()) } else { String::new() },
        };
        stranded.map_or(Ok(()), |found| Err(before(found)))
    }

    /// Does what a restore left to do that was cut off at its very end, and says so.
    pub(super) fn settle(&self, at: DateTime<Utc>) {
        let path = self.path.display();
        match self.place().map(|place| place.settle(at)) {
            Some(Ok(kept)) => {
                for kept in kept {
                    let kept = kept.display();
                    tracing::warn!(
                        "a restore into {path} was cut off after all of it was done but one name: this is the restored data, and \
                         what was here before is kept as {kept}"
                    );
                }
            }
            Some(Err(error)) => tracing::warn!(%error, "what a restore left beside {path} could not be given its name"),
            None => {}
        }
    }

    fn place(&self) -> Option<Place> {
        Place::of(&real_path(&self.path))
    }

    /// Opens the database of a directory that is there. Nobody else can have it open at the same time.
    pub fn open(&self, memory: Memory) -> Result<Store, StartError> {
        self.require_own()?;
        Store::open(&self.path.join(DATABASE_FILE), memory).map_err(|error| match error {
            OpenError::InUse { .. } => self.server().unwrap_or_else(|| error.into()),
            other => other.into(),
        })
    }

    /// Whoever owns the directory can replace what is in it, and what is made in it by another user is out of the owner's
    /// reach: so the two are the same, root included.
    pub(super) fn require_own(&self) -> Result<(), StartError> {
        let (path, own) = (self.path.display().to_string(), geteuid().as_raw());
        match fs::metadata(&self.path) {
            Ok(found) if found.uid() != own => Err(StartError::NotOwn { path, owner: found.uid(), own }),
            // Without a directory there is no database either, which opening it says.
            _ => Ok(()),
        }
    }

    /// Says so where others can look into the directory: its owner may have meant that, so it is no refusal.
    pub(super) fn warn_if_open_to_others(&self) {
        let Ok(found) = fs::metadata(&self.path) else { return };
        if found.mode() & OTHERS != 0 {
            let (path, mode) = (self.path.display(), found.mode() & 0o777);
            tracing::warn!(
                "the data directory {path} is open to other users of this machine (mode {mode:o}); close it with: chmod 700 '{path}'"
            );
        }
    }

    /// As [`DataDir::open`] or, to `create`, [`DataDir::open_or_create`], once whoever has it for a moment is done.
    ///
    /// # Errors
    /// A server is not waited for; what else still has the database after [`LOCK_WAIT`] is called a command.
    pub(super) async fn open_in_turn(&self, create: bool, memory: Memory) -> Result<Store, StartError> {
        let ends = Instant::now() + LOCK_WAIT;
        loop {
            match self.try_open(create, memory).await {
                Err(error) if error.is_in_use() => {
                    if let Some(refusal) = self.server_that_listens().await {
                        return Err(refusal);
                    }
                    if Instant::now() >= ends {
                        return Err(self.who_has_it().await);
                    }
                    sleep(LOOK_AGAIN).await;
                }
                tried => return tried,
            }
        }
    }

    /// One try, on a thread that may wait for the disk.
    pub(super) async fn try_open(&self, create: bool, memory: Memory) -> Result<Store, StartError> {
        let own = self.clone();
        let open = move || if create { own.open_or_create(memory) } else { own.open(memory) };
        tokio::task::spawn_blocking(open).await.unwrap_or_else(|error| Err(self.unusable(error.to_string())))
    }

    /// The key for the secrets of a database of this directory, in its own file or the one named. Passwords of before,
    /// whose hashes anybody could use who has the database, are sealed with it; so the database may be another file
    /// afterwards.
    pub(super) async fn with_keyring(
        &self,
        store: Store,
        key_file: Option<PathBuf>,
        memory: Memory,
    ) -> Result<(Store, Keyring), StartError> {
        let file = KeyFile::at(key_file.unwrap_or_else(|| self.path.join(KEY_FILE)));
        let database = self.path.join(DATABASE_FILE);
        let work = move || {
            let keyring = Keyring::open(file, &store)?;
            let key = keyring.key();
            let sealed = |id: UserId, kept: &str| key.as_ref().and_then(|key| sealed_of_before(key, id, kept));
            let is_before = |(id, kept): &(UserId, String)| sealed(*id, kept).is_some();
            let is_unsealed = store.list_credentials()?.iter().any(is_before);
            if !is_unsealed && !has_remains(&store)? {
                return Ok((Some(store), keyring));
            }
            drop(store);
            match Store::rewrite(&database, sealed) {
                Ok(()) if is_unsealed => tracing::info!("the password hashes in the database are sealed now"),
                Ok(()) => tracing::info!("the database was written anew, without what was left of removed accounts"),
                // It is as good as before, and the next start tries again.
                Err(error) => tracing::error!(%error, "the database could not be written anew"),
            }
            Ok::<_, StartError>((None, keyring))
        };
        let worked = tokio::task::spawn_blocking(work).await;
        match worked.map_err(|error| self.unusable(error.to_string()))?? {
            (Some(store), keyring) => Ok((store, keyring)),
            (None, keyring) => Ok((self.open_in_turn(false, memory).await?, keyring)),
        }
    }

    /// The refusal that names the server, if one left its address.
    fn server(&self) -> Option<StartError> {
        let address = fs::read_to_string(self.path.join(ADDRESS_FILE)).ok()?;
        Some(StartError::ServerRuns { path: self.path.display().to_string(), address: address.trim().to_owned() })
    }

    /// As [`DataDir::server`], where one takes connections: the file with the address alone may be an old one.
    async fn server_that_listens(&self) -> Option<StartError> {
        control::connect(&self.path).await.ok()?;
        self.server()
    }

    /// The refusal that names the server that has the database and cannot be spoken to, because somebody removed its
    /// socket. Its address alone may be an old one, so something must take connections there.
    pub async fn server_without_socket(&self) -> Option<StartError> {
        if control::is_there(&self.path) {
            return None;
        }
        let address = fs::read_to_string(self.path.join(ADDRESS_FILE)).ok()?.trim().to_owned();
        timeout(CONNECT_WAIT, TcpStream::connect(&address)).await.ok()?.ok()?;
        Some(StartError::NoSocket { path: self.path.display().to_string(), address })
    }

    /// The refusal that says who has the database: a server, else a command.
    pub(super) async fn who_has_it(&self) -> StartError {
        if let Some(server) = self.server_that_listens().await {
            return server;
        }
        let busy = || StartError::Busy { path: self.path.display().to_string() };
        self.server_without_socket().await.unwrap_or_else(busy)
    }

    /// The refusal that something is wrong with the directory.
    pub(super) fn unusable(&self, detail: String) -> StartError {
        StartError::DataDir { path: self.path.display().to_string(), detail }
    }

    pub(super) fn write_address(&self, address: SocketAddr) -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path.join(ADDRESS_FILE))?;
        writeln!(file, "{address}")
    }

    pub(super) fn remove_address(&self) {
        // It is only looked at while the database is locked; one that stays behind does no harm.
        let _ = fs::remove_file(self.path.join(ADDRESS_FILE));
    }
}
