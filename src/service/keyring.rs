//! The key that secrets of the database are sealed with, at hand while the program runs.
//!
//! The database says of each secret which key it takes, so a key file that is missing or another one is noticed at the
//! start. Nothing else depends on it: whoever runs the server is told, and all that needs no secret goes on.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::error::{AccessRefusal, ServiceError};
use crate::domain::ids::UserId;
use crate::domain::lang::Lang;
use crate::secrets::Purpose::{GitToken, PasswordHash};
use crate::secrets::{Key, KeyFile, KeyFileError, KeyId, Purpose, key_of};
use crate::store::{Store, StoreError};

/// The key file, and what was last seen in it.
pub struct Keyring {
    file: KeyFile,
    held: Mutex<Held>,
}

struct Held {
    key: Option<Arc<Key>>,
    /// Whether it opens what is kept of every password.
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

/// A token that cannot be opened: the key is lost that it is sealed with, or it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLost;

impl TokenLost {
    /// One sentence for a person.
    pub fn text(self, lang: Lang) -> &'static str {
        lang.pick(
            "The token for the repository cannot be opened with the server's key file; set it again.",
            "Das Token für das Repository lässt sich mit der Schlüsseldatei des Servers nicht öffnen; bitte neu eintragen.",
        )
    }
}

/// The secrets of a database that the key at hand does not open.
#[derive(Default)]
struct Others {
    passwords: usize,
    /// Those that remotes are asked with.
    tokens: usize,
    keys: BTreeSet<String>,
}

impl Others {
    fn of(store: &Store, own: Option<KeyId>) -> Result<Others, StoreError> {
        let mut others = Others::default();
        for (_, kept) in store.list_credentials()? {
            others.passwords += others.count(&kept, own);
        }
        for (_, remote) in store.list_own_remotes()? {
            others.tokens += remote.sealed_token.map_or(0, |token| others.count(&token, own));
        }
        Ok(others)
    }

    /// One for a secret that takes another key than one's own, which is remembered; else none.
    fn count(&mut self, sealed: &str, own: Option<KeyId>) -> usize {
        let other = key_of(sealed).filter(|id| Some(*id) != own);
        self.keys.extend(other.map(|id| id.to_string()));
        usize::from(other.is_some())
    }

    fn is_empty(&self) -> bool {
        self.passwords == 0 && self.tokens == 0
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
        if key.is_none() && others.is_empty() {
            let made = Key::generate();
            file.write(&made)?;
            tracing::info!("made the key file {}: without it no stored password can be checked", file.path().display());
            key = Some(made);
        }
        warn_of(&others, &file, key.as_ref());
        let held = Held { key: key.map(Arc::new), opens_all: others.passwords == 0 };
        Ok(Keyring { file, held: Mutex::new(held) })
    }

    /// The key's file.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Whether there is a key in the file.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub(super) fn read_file(&self) -> Result<bool, KeyFileError> {
        self.file.read().map(|key| key.is_some())
    }

    /// The key at hand.
    pub fn key(&self) -> Option<Arc<Key>> {
        self.lock().key.clone()
    }

    /// What to check passwords with. While some take another key, the file is looked at each time: it may be back.
    pub(super) fn opener(&self, store: &Store) -> Result<Opener, ServiceError> {
        let mut held = self.lock();
        if !held.opens_all
            && let Ok(Some(read)) = self.file.read()
            && held.key.as_ref().map(|key| key.id()) != Some(read.id())
        {
            self.take(&mut held, read, store)?;
        }
        let key = match &held.key {
            Some(key) => key.clone(),
            // No password is sealed, so any key will do; other secrets wait for theirs.
            None if held.opens_all => Arc::new(Key::generate()),
            None => return Err(AccessRefusal::PasswordsUnavailable.into()),
        };
        Ok(Opener { key, opens_all: held.opens_all })
    }

    /// Seals the token that a user's own remote is asked with.
    ///
    /// # Errors
    /// [`AccessRefusal::KeyFileUnusable`] when the key file cannot be used or made.
    pub fn seal_token(&self, store: &Store, user: UserId, token: &str) -> Result<String, ServiceError> {
        Ok(self.sealer(store)?.seal(GitToken, user.0, token))
    }

    /// The token that was sealed for this user. The key in the file will do as well as the one at hand: it may be back.
    pub fn open_token(&self, user: UserId, sealed: &str) -> Result<Zeroizing<String>, TokenLost> {
        self.open_sealed(GitToken, user, sealed).ok_or(TokenLost)
    }

    /// The hash of a password that was sealed for this user, likewise.
    pub(super) fn open_hash(&self, user: UserId, sealed: &str) -> Option<Zeroizing<String>> {
        self.open_sealed(PasswordHash, user, sealed)
    }

    fn open_sealed(&self, purpose: Purpose, user: UserId, sealed: &str) -> Option<Zeroizing<String>> {
        let open = |key: &Key| key.open(purpose, user.0, sealed).ok();
        if let Some(opened) = self.key().and_then(|key| open(&key)) {
            return Some(opened);
        }
        self.file.read().ok().flatten().and_then(|key| open(&key))
    }

    /// The key to seal with, which is in the file when this returns. One that is missing there is written again; if
    /// none is at hand, it is a new one.
    pub(super) fn sealer(&self, store: &Store) -> Result<Arc<Key>, ServiceError> {
        let refused = |error: KeyFileError| {
            tracing::error!(%error, "no password and no token of a repository can be sealed");
            AccessRefusal::KeyFileUnusable
        };
        let mut held = self.lock();
        let read = self.file.read().map_err(refused)?;
        let path = self.file.path().display();
        match (read, &held.key) {
            (Some(read), Some(key)) if read.id() == key.id() => Ok(key.clone()),
            // The key at hand may be nowhere else any more: whoever put another file there may not know.
            (Some(read), Some(key)) if !Others::of(store, Some(read.id()))?.is_empty() => {
                tracing::error!(
                    "the key file {path} was replaced: it has the key {}, and secrets are sealed with {}; put the right file \
                     back, or stop the server and give new passwords with codexmiroir user passwd NAME, and set tokens of \
                     repositories again; nothing was sealed",
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
                // An error: whoever gave the secret may have named another file than the server has.
                tracing::error!(
                    "the key file {path} is lost, and there is a new one now, for the passwords and tokens of repositories \
                     that are given from here on; to put the old one back is to lose these"
                );
                self.take(&mut held, key, store)
            }
        }
    }

    /// Whether what is kept of every password opens with the key at hand.
    pub(super) fn opens_all(&self) -> bool {
        self.lock().opens_all
    }

    /// Looks again whether the key at hand opens all of these, after a password was replaced or removed.
    pub(super) fn look_again(&self, store: &Store) {
        let mut held = self.lock();
        if held.opens_all {
            return;
        }
        let own = held.key.as_ref().map(|key| key.id());
        // What cannot be read now is looked at the next time.
        held.opens_all = Others::of(store, own).is_ok_and(|others| others.passwords == 0);
    }

    fn take(&self, held: &mut Held, key: Key, store: &Store) -> Result<Arc<Key>, ServiceError> {
        let others = Others::of(store, Some(key.id()))?;
        tracing::info!(key = %key.id(), "the key file {} is used from now on", self.file.path().display());
        warn_of(&others, &self.file, Some(&key));
        let key = Arc::new(key);
        *held = Held { key: Some(key.clone()), opens_all: others.passwords == 0 };
        Ok(key)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn warn_of(others: &Others, file: &KeyFile, own: Option<&Key>) {
    let path = file.path().display();
    let keys = others.keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let found = own.map_or("is missing".to_owned(), |own| format!("has the key {} only", own.id()));
    let (passwords, tokens) = (others.passwords, others.tokens);
    if passwords > 0 {
        tracing::warn!(
            "{passwords} of the passwords cannot be checked: they are sealed with the key {keys}, and the key file {path} \
             {found}; put the right file back, or give new passwords with codexmiroir user passwd NAME; everything else works"
        );
    }
    if tokens > 0 {
        tracing::warn!(
            "{tokens} of the tokens of users' own repositories cannot be opened: they are sealed with the key {keys}, and the \
             key file {path} {found}; put the right file back, or have their users set them again; everything else works"
        );
    }
}

#[cfg(test)]
impl Keyring {
    /// A keyring for tests that give nobody a password: its file is gone.
    pub(super) fn for_no_passwords(store: &Store) -> Keyring {
        let folder = tempfile::tempdir().unwrap();
        Keyring::open(KeyFile::at(folder.path().join("key")), store).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserName;
    use crate::domain::theme::Theme;
    use crate::domain::zone::Zone;
    use crate::store::disk::Disk;
    use crate::store::{Administered, Administration, OwnRemote, Settings};

    /// A store with one user, whose remote has this sealed token.
    async fn store_with(sealed_token: impl FnOnce(UserId) -> String) -> (Store, UserId) {
        let store = Store::on(&Disk::new()).unwrap();
        let add = Administration::AddUser {
            name: UserName::parse("lena").unwrap(),
            admin: true,
            settings: Settings { zone: Zone::UTC, lang: Lang::En, days: 7, theme: Theme::Auto },
            credential: None,
            at: chrono::DateTime::UNIX_EPOCH,
            must_be_first: true,
        };
        let Ok(Administered::UserAdded(user)) = store.administer(add).await else { panic!() };
        let remote = OwnRemote {
            address: "https://git.example/a.git".to_owned(),
            branch: "main".to_owned(),
            base_path: String::new(),
            username: None,
            sealed_token: Some(sealed_token(user)),
            mode: "push".to_owned(),
        };
        let put = Administration::PutRemote { user, remote: Some(remote) };
        assert_eq!(store.administer(put).await.unwrap(), Administered::RemoteChanged);
        (store, user)
    }

    #[tokio::test]
    async fn a_token_whose_key_is_lost_is_lost_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("key"));
        let lost = Key::generate();
        let mut sealed = String::new();
        let (store, user) = store_with(|user| {
            sealed = lost.seal(GitToken, user.0, "geheim");
            sealed.clone()
        })
        .await;
        let keyring = Keyring::open(file.clone(), &store).unwrap();
        assert!(!file.path().exists(), "it may come back");
        assert_eq!(keyring.open_token(user, &sealed), Err(TokenLost));
        assert!(keyring.opener(&store).unwrap().opens_all, "no password is lost");
        // A new secret makes a new key, and the old token waits for its own.
        let new = keyring.seal_token(&store, user, "neu").unwrap();
        assert_eq!(keyring.open_token(user, &new).unwrap().as_str(), "neu");
        assert_eq!(keyring.open_token(user, &sealed), Err(TokenLost));
        assert_eq!(keyring.open_token(UserId(user.0 + 1), &new), Err(TokenLost));
        let made = file.read().unwrap().unwrap();
        file.write(&lost).unwrap();
        assert_eq!(keyring.open_token(user, &sealed).unwrap().as_str(), "geheim", "the file is back");
        assert_eq!(keyring.key().unwrap().id(), made.id());
    }

    #[tokio::test]
    async fn a_key_that_tokens_are_sealed_with_is_not_given_up_for_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("key"));
        let key = Key::generate();
        file.write(&key).unwrap();
        let (store, user) = store_with(|user| key.seal(GitToken, user.0, "geheim")).await;
        let keyring = Keyring::open(file.clone(), &store).unwrap();
        file.write(&Key::generate()).unwrap();
        assert!(keyring.seal_token(&store, user, "neu").is_err());
        assert_eq!(keyring.key().unwrap().id(), key.id());
        file.write(&key).unwrap();
        assert!(keyring.seal_token(&store, user, "neu").is_ok());
    }
}
