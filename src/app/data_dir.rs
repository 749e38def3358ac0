//! A data directory: its database, which one process has at a time, and how to tell who has it.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::StartError;
use super::control;
use crate::store::{OpenError, Store};

/// The database's file in the data directory.
const DATABASE_FILE: &str = "codexmiroir.redb";
/// Holds the address of the server that has the data directory, for whoever finds it in use.
const ADDRESS_FILE: &str = "server.address";

/// How long a database that somebody else has is waited for: longer than a command has it.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How often it is looked at meanwhile.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);

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
    pub fn open_or_create(&self, hot_bytes_max: u64) -> Result<Store, StartError> {
        let failed = |detail: String| self.unusable(detail);
        if self.path.exists() && !self.path.is_dir() {
            return Err(failed("it is a file".to_owned()));
        }
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.map_err(|error| failed(error.to_string()))?;
        if self.has_database() {
            return self.open(hot_bytes_max);
        }
        // Whoever makes the database is alone at it: two would take each other's half-made file away.
        let making = fs::File::open(&self.path).map_err(|error| failed(error.to_string()))?;
        match making.try_lock() {
            Ok(()) => self.open(hot_bytes_max),
            Err(fs::TryLockError::WouldBlock) => {
                Err(OpenError::InUse { path: self.path.join(DATABASE_FILE).display().to_string() }.into())
            }
            Err(fs::TryLockError::Error(error)) => Err(failed(error.to_string())),
        }
    }

    /// Opens the database of a directory that is there. Nobody else can have it open at the same time.
    pub fn open(&self, hot_bytes_max: u64) -> Result<Store, StartError> {
        Store::open(&self.path.join(DATABASE_FILE), hot_bytes_max).map_err(|error| match error {
            OpenError::InUse { .. } => self.server().unwrap_or_else(|| error.into()),
            other => other.into(),
        })
    }

    /// As [`DataDir::open`] or, to `create`, [`DataDir::open_or_create`], once whoever has it for a moment is done.
    ///
    /// # Errors
    /// A server is not waited for; what else still has the database after [`LOCK_WAIT`] is called a command.
    pub(super) async fn open_in_turn(&self, create: bool, hot_bytes_max: u64) -> Result<Store, StartError> {
        let ends = Instant::now() + LOCK_WAIT;
        loop {
            match self.try_open(create, hot_bytes_max).await {
                Err(error) if error.is_in_use() => {
                    if let Some(refusal) = self.server_that_listens().await {
                        return Err(refusal);
                    }
                    if Instant::now() >= ends {
                        return Err(self.busy());
                    }
                    sleep(LOOK_AGAIN).await;
                }
                tried => return tried,
            }
        }
    }

    /// One try, on a thread that may wait for the disk.
    pub(super) async fn try_open(&self, create: bool, hot_bytes_max: u64) -> Result<Store, StartError> {
        let own = self.clone();
        let open = move || if create { own.open_or_create(hot_bytes_max) } else { own.open(hot_bytes_max) };
        tokio::task::spawn_blocking(open).await.unwrap_or_else(|error| Err(self.unusable(error.to_string())))
    }

    /// The refusal that names the server, if one left its address.
    fn server(&self) -> Option<StartError> {
        let address = fs::read_to_string(self.path.join(ADDRESS_FILE)).ok()?;
        Some(StartError::ServerRuns { path: self.path.display().to_string(), address: address.trim().to_owned() })
    }

    /// As [`DataDir::server`], where one takes connections: the file with the address alone may be an old one.
    pub(super) async fn server_that_listens(&self) -> Option<StartError> {
        control::connect(&self.path).await.ok()?;
        self.server()
    }

    /// The refusal that somebody has the database who is no server.
    pub(super) fn busy(&self) -> StartError {
        StartError::Busy { path: self.path.display().to_string() }
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
