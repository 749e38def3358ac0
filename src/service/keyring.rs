//! The key that secrets of the database are sealed with, at hand while the program runs.
//!
//! The database says of each secret which key it takes, so a key file that is missing or another one is noticed at the
//! start. Nothing else depends on it: whoever runs the server is told, and all that needs no secret goes on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::{AccessRefusal, ServiceError};
use crate::secrets::{Key, KeyFile, KeyFileError, KeyId, key_of};
use crate::store::{Store, StoreError};

/// The key file, and what was last seen in it.
pub struct Keyring {
    file: KeyFile,
    held: Mutex<Held>,
}

struct Held {
    key: Option<Arc<Key>>,
    /// Whether it opens every secret that there is.
    opens_all: bool,
}

/// Why there is no keyring.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error(transparent)]
    File(#[from] KeyFileError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What there is to open secrets with.
pub(super) struct Opener {
    pub(super) key: Arc<Key>,
    pub(super) opens_all: bool,
}

/// The secrets of a database that the key at hand does not open.
struct Others {
    count: usize,
    keys: BTreeSet<String>,
}

impl Others {
    fn of(store: &Store, own: Option<KeyId>) -> Result<Others, StoreError> {
        let mut others = Others { count: 0, keys: BTreeSet::new() };
        for (_, kept) in store.list_credentials()? {
            if let Some(id) = key_of(&kept).filter(|id| Some(*id) != own) {
                others.count += 1;
                others.keys.insert(id.to_string());
            }
        }
        Ok(others)
    }
}

impl Keyring {
    /// Reads the key file. One that is missing is made, unless something is sealed already: then it may come back.
    ///
    /// # Errors
    /// The key file cannot be used or made, or the database cannot be read.
    pub fn open(file: KeyFile, store: &Store) -> Result<Keyring, KeyringError> {
        let mut key = file.read()?;
        let others = Others::of(store, key.as_ref().map(Key::id))?;
        if key.is_none() && others.count == 0 {
            let made = Key::generate();
            file.write(&made)?;
            tracing::info!("made the key file {}: without it no stored password can be checked", file.path().display());
            key = Some(made);
        }
        warn_of(&others, &file, key.as_ref());
        let held = Held { key: key.map(Arc::new), opens_all: others.count == 0 };
        Ok(Keyring { file, held: Mutex::new(held) })
    }

    /// The key at hand.
    pub fn key(&self) -> Option<Arc<Key>> {
        self.lock().key.clone()
    }

    /// What to open secrets with. While some take another key, the file is looked at each time: it may be back.
    pub(super) fn opener(&self, store: &Store) -> Result<Opener, ServiceError> {
        let mut held = self.lock();
        if !held.opens_all
            && let Ok(Some(read)) = self.file.read()
            && held.key.as_ref().map(|key| key.id()) != Some(read.id())
        {
            self.take(&mut held, read, store)?;
        }
        let key = held.key.clone().ok_or(AccessRefusal::PasswordsUnavailable)?;
        Ok(Opener { key, opens_all: held.opens_all })
    }

    /// The key to seal with, which is in the file when this returns. One that is missing there is written again; if
    /// none is at hand, it is a new one.
    pub(super) fn sealer(&self, store: &Store) -> Result<Arc<Key>, ServiceError> {
        let refused = |error: KeyFileError| {
            tracing::error!(%error, "no password can be given");
            AccessRefusal::KeyFileUnusable
        };
        let mut held = self.lock();
        let read = self.file.read().map_err(refused)?;
        let path = self.file.path().display();
        match (read, &held.key) {
            (Some(read), Some(key)) if read.id() == key.id() => Ok(key.clone()),
            // The key at hand may be nowhere else any more: whoever put another file there may not know.
            (Some(read), Some(key)) if Others::of(store, Some(read.id()))?.count > 0 => {
                tracing::error!(
                    "the key file {path} was replaced: it has the key {}, and passwords are sealed with {}; put the right file \
                     back, or stop the server and give new passwords with codexmiroir user passwd NAME; no password was given",
                    read.id(),
                    key.id()
                );
                Err(AccessRefusal::KeyFileUnusable.into())
            }
            (Some(read), _) => self.take(&mut held, read, store),
            (None, Some(key)) => {
                self.file.write(key).map_err(refused)?;
                tracing::warn!("the key file {path} was gone and is written again");
                Ok(key.clone())
            }
            (None, None) => {
                let key = Key::generate();
                self.file.write(&key).map_err(refused)?;
                // An error: whoever gave the password may have named another file than the server has.
                tracing::error!(
                    "the key file {path} is lost, and there is a new one now, for the passwords that are given from here \
                     on; to put the old one back is to lose these"
                );
                self.take(&mut held, key, store)
            }
        }
    }

    /// Whether every secret opens with the key at hand.
    pub(super) fn opens_all(&self) -> bool {
        self.lock().opens_all
    }

    /// Looks again whether the key at hand opens everything, after a secret was replaced or removed.
    pub(super) fn look_again(&self, store: &Store) {
        let mut held = self.lock();
        if held.opens_all {
            return;
        }
        let own = held.key.as_ref().map(|key| key.id());
        // What cannot be read now is looked at the next time.
        held.opens_all = Others::of(store, own).is_ok_and(|others| others.count == 0);
    }

    fn take(&self, held: &mut Held, key: Key, store: &Store) -> Result<Arc<Key>, ServiceError> {
        let others = Others::of(store, Some(key.id()))?;
        tracing::info!(key = %key.id(), "the key file {} is used from now on", self.file.path().display());
        warn_of(&others, &self.file, Some(&key));
        let key = Arc::new(key);
        *held = Held { key: Some(key.clone()), opens_all: others.count == 0 };
        Ok(key)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn warn_of(others: &Others, file: &KeyFile, own: Option<&Key>) {
    if others.count == 0 {
        return;
    }
    let (count, path) = (others.count, file.path().display());
    let keys = others.keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let found = own.map_or("is missing".to_owned(), |own| format!("has the key {} only", own.id()));
    tracing::warn!(
        "{count} of the passwords cannot be checked: they are sealed with the key {keys}, and the key file {path} {found}; put \
         the right file back, or give new passwords with codexmiroir user passwd NAME; everything else works"
    );
}

#[cfg(test)]
impl Keyring {
    /// A keyring for tests that give nobody a password: its file is gone.
    pub(super) fn for_no_passwords(store: &Store) -> Keyring {
        let folder = tempfile::tempdir().unwrap();
        Keyring::open(KeyFile::at(folder.path().join("key")), store).unwrap()
    }
}
