//! Passwords: what one may be, and whose one is.

mod form;
mod hashing;

use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

pub(super) use self::form::{KeptForm, form_of};
use self::hashing::{Comparison, Hashing};
use super::Service;
use super::error::{AccessRefusal, Fault, Refusal, ServiceError};
use super::keyring::{Keyring, Opener};
use crate::domain::hex::hex;
use crate::domain::ids::{UserId, UserName};
use crate::domain::lang::Phrase;
use crate::secrets::Purpose::PasswordHash;
use crate::secrets::{Key, SealError};
use crate::store::{Administered, Administration, NewCredential, StoreError, User, random};

/// The shortest and the longest password, in characters.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=128;

/// What every hash begins with, and nothing that is sealed.
const PHC_BEGIN: &str = "$";

/// The id that nobody has.
const NOBODY: UserId = UserId(0);

/// Fewer different characters than these make no password.
const DIFFERENT_CHARS_MIN: usize = 4;

/// What hands type by themselves; so is each of them backwards.
const ROWS: [&str; 4] = [
    "123456789012345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
];

/// What is needed to hash and compare passwords.
pub(super) struct Passwords {
    hashing: Hashing,
    /// What is compared for those who have none: a hash of what nobody knows.
    nobodys: OnceLock<Zeroizing<String>>,
}

impl Passwords {
    pub(super) fn new() -> Passwords {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Passwords { hashing: Hashing::on_cores(cores), nobodys: OnceLock::new() }
    }

    /// Made once, and before anybody's name is looked up: the one who comes first waits twice, whoever is asked for.
    fn nobodys(&self) -> Result<&Zeroizing<String>, ServiceError> {
        if let Some(known) = self.nobodys.get() {
            return Ok(known);
        }
        let unknown = hex(random::<16>());
        let made = hashing::hash(&unknown).map_err(StoreError::Read)?;
        Ok(self.nobodys.get_or_init(|| made))
    }
}

/// The hash of a new password, and the key to seal it with.
pub(super) struct NewPassword {
    key: Arc<Key>,
    hash: Zeroizing<String>,
}

impl NewPassword {
    /// What is kept of it for the user of this id.
    pub(super) fn kept_for(&self, id: UserId) -> String {
        self.key.seal(PasswordHash, id.0, &self.hash)
    }

    /// The same for an account that has no id yet.
    pub(super) fn for_whoever_is_added(self) -> NewCredential {
        NewCredential(Box::new(move |id| self.kept_for(id)))
    }
}

/// What is to be kept instead of a hash that is not sealed, as they were kept before; `None` when it is sealed.
pub fn sealed_of_before(key: &Key, id: UserId, kept: &str) -> Option<String> {
    kept.starts_with(PHC_BEGIN).then(|| key.seal(PasswordHash, id.0, kept))
}

/// As [`open`], with whatever key the keyring has; `None` where that is lost.
pub(super) fn hash_in(keyring: &Keyring, id: UserId, kept: &str) -> Option<Zeroizing<String>> {
    if kept.starts_with(PHC_BEGIN) { Some(Zeroizing::new(kept.to_owned())) } else { keyring.open_hash(id, kept) }
}

/// The hash in what is kept of a user's password. That of before is kept as it is until it can be sealed.
fn open(key: &Key, id: UserId, kept: &str) -> Result<Zeroizing<String>, SealError> {
    if kept.starts_with(PHC_BEGIN) { Ok(Zeroizing::new(kept.to_owned())) } else { key.open(PasswordHash, id.0, kept) }
}

/// Somebody whose password was right.
#[derive(Debug)]
pub struct Known {
    pub user: User,
    /// What is kept of that password.
    pub(super) kept: String,
}

/// What a check of a password found.
struct Checked {
    known: Option<Known>,
    outdated: Option<Outdated>,
}

/// A password that was right, and what is kept of it in a way of before.
struct Outdated {
    id: UserId,
    kept: String,
    password: Zeroizing<String>,
}

/// Whether an account of this name can have this password.
pub(super) fn check_new_password(name: &str, password: &str) -> Result<(), Refusal> {
    let refused = |fault| Err(Refusal::field("password", fault));
    if !PASSWORD_CHARS.contains(&password.chars().count()) {
        let expected = Phrase { en: "12 to 128 characters long", de: "12 bis 128 Zeichen" };
        return refused(Fault::Malformed { expected });
    }
    if is_guessed_first(name, &password.to_lowercase()) { refused(Fault::Guessable) } else { Ok(()) }
}

fn is_guessed_first(name: &str, password: &str) -> bool {
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    let backwards: String = password.chars().rev().collect();
    let is_row = |row: &&str| row.contains(password) || row.contains(&backwards);
    let is_name = !name.is_empty() && password.replace(name, "").is_empty();
    is_name || different.len() < DIFFERENT_CHARS_MIN || ROWS.iter().any(is_row)
}

impl Service {
    /// Whose account this is, if the name and the password are those of one that is open. `None` says no more than that
    /// they are not: it takes the same time for a wrong password, for a name that nobody has, and for somebody who is
    /// disabled or has no password.
    ///
    /// # Errors
    /// [`AccessRefusal::TooManyPasswords`] when too many wait to be checked. [`AccessRefusal::PasswordsUnavailable`] when
    /// the key is lost that passwords are sealed with; when it is lost for some of them, instead of every `None`, because
    /// whose they are is nobody's business.
    pub async fn check_password(self: &Arc<Self>, name: &str, password: String) -> Result<Option<Known>, ServiceError> {
        let password = Zeroizing::new(password);
        // Nobody has such a long one.
        if password.chars().count() > *PASSWORD_CHARS.end() {
            return Ok(None);
        }
        let (service, name) = (self.clone(), UserName::parse(name));
        let checked = self.passwords.hashing.run(move || service.compare(name.as_ref(), password)).await??;
        let Checked { mut known, outdated } = checked;
        if let (Some(known), Some(outdated)) = (&mut known, outdated) {
            known.kept = self.hash_anew(outdated).await;
        }
        Ok(known)
    }

    fn compare(&self, name: Option<&UserName>, password: Zeroizing<String>) -> Result<Checked, ServiceError> {
        let nobodys = self.passwords.nobodys()?;
        let Opener { key, opens_all } = self.keyring.opener(&self.store)?;
        let user = name.map(|name| self.store.get_user_by_name(name)).transpose()?.flatten();
        let id = user.as_ref().map_or(NOBODY, |user| user.id);
        let (own, others) = (self.store.get_credential(id)?, key.seal(PasswordHash, NOBODY.0, nobodys));
        let opened = match &own {
            Some(own) => open(&key, id, own),
            None => open(&key, NOBODY, &others),
        };
        if opened == Err(SealError::Damaged) {
            tracing::error!(user = id.0, "a stored password is damaged; give a new one: codexmiroir user passwd NAME");
        }
        let is_own = own.is_some() && opened.is_ok();
        let mut compared = hashing::compare(&password, opened.as_ref().unwrap_or(nobodys));
        if compared == Comparison::NoHash {
            tracing::error!(user = id.0, "a stored password hash cannot be read");
            hashing::compare(&password, nobodys);
            compared = Comparison::Other;
        }
        let user = user.filter(|user| is_own && !user.disabled && compared != Comparison::Other);
        if user.is_none() && !opens_all {
            return Err(AccessRefusal::PasswordsUnavailable.into());
        }
        let is_outdated = user.is_some() && compared == Comparison::SameByOtherParams;
        let outdated = own.clone().filter(|_| is_outdated).map(|kept| Outdated { id, kept, password });
        Ok(Checked { known: user.zip(own).map(|(user, kept)| Known { user, kept }), outdated })
    }

    /// Replaces a hash that was made in another way than they are made now, unless somebody was faster; what is kept
    /// then. The next time will do as well.
    async fn hash_anew(self: &Arc<Self>, Outdated { id, kept, password }: Outdated) -> String {
        let made = async {
            let after = self.hash_and_key(password).await?.kept_for(id);
            let (before, new) = (kept.clone(), after.clone());
            let replaced = self.store.administer(Administration::ReplaceCredential { id, before, after }).await?;
            Ok::<_, ServiceError>(Some(new).filter(|_| replaced == Administered::UserChanged))
        };
        let made = made.await.unwrap_or_else(|error| {
            tracing::warn!(user = id.0, %error, "a password could not be hashed anew");
            None
        });
        made.unwrap_or(kept)
    }

    /// What is to be kept of a new password for the account of this name.
    ///
    /// # Errors
    /// A password that is too short, too long or easily guessed; [`AccessRefusal::TooManyPasswords`];
    /// [`AccessRefusal::KeyFileUnusable`] when the key file cannot be used or made.
    pub(super) async fn new_password(
        self: &Arc<Self>,
        name: &str,
        password: String,
    ) -> Result<NewPassword, ServiceError> {
        let password = Zeroizing::new(password);
        check_new_password(name, &password)?;
        self.hash_and_key(password).await
    }

    async fn hash_and_key(self: &Arc<Self>, password: Zeroizing<String>) -> Result<NewPassword, ServiceError> {
        let service = self.clone();
        let work = move || {
            let hash = hashing::hash(&password).map_err(StoreError::NotWritten)?;
            Ok(NewPassword { key: service.keyring.sealer(&service.store)?, hash })
        };
        self.passwords.hashing.run(work).await?
    }

    /// Whether the user has a password at all.
    pub async fn has_password(self: &Arc<Self>, user: UserId) -> Result<bool, ServiceError> {
        let service = self.clone();
        super::read(move || Ok(service.store.get_credential(user)?.is_some())).await
    }

    /// Whether secrets that take another key than the one at hand are gone, after some were replaced or removed.
    pub(super) async fn look_at_secrets_again(self: &Arc<Self>) {
        if self.keyring.opens_all() {
            return;
        }
        let service = self.clone();
        let looked = super::read(move || {
            service.keyring.look_again(&service.store);
            Ok(())
        });
        if let Err(error) = looked.await {
            tracing::debug!(%error, "it was not looked whether every password can be checked again");
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::domain::lang::Lang;
    use crate::domain::theme::Theme;
    use crate::domain::zone::Zone;
    use crate::secrets::KeyFile;
    use crate::service::administration::AccountFields;
    use crate::service::keyring::Keyring;
    use crate::service::sessions::Visit;
    use crate::store::disk::Disk;
    use crate::store::{AccountChange, Settings, Store};

    #[test]
    fn what_everybody_guesses_first_is_refused() {
        for good in ["ein langes Kennwort", "lena-lena-lena-7", "123456789012x", &"ä1b2".repeat(32), "correct horse"] {
            assert_eq!(check_new_password("lena-lena-lena", good), Ok(()), "{good}");
        }
        let long = "ä1b2".repeat(32) + "x";
        for bad in [
            "elf Zeichen",
            &long,
            "",
            "Lena-Lena-Lena",
            "lena-lena-lenalena-lena-lena",
            "aaaaaaaaaaaaaaaa",
            "121212121212",
            "123456789012",
            "ABCDEFGHIJKLM",
            "qwertyuiopas",
            "poiuztrewq",
            "mlkjihgfedcba",
        ] {
            assert!(check_new_password("lena-lena-lena", bad).is_err(), "{bad}");
        }
    }

    struct House {
        service: Arc<Service>,
        key_file: KeyFile,
        _folder: tempfile::TempDir,
    }

    impl House {
        /// Lena has a password, Tom has none.
        async fn new() -> House {
            let (store, folder) = (Store::on(&Disk::new()).unwrap(), tempfile::tempdir().unwrap());
            let key_file = KeyFile::at(folder.path().join("key"));
            let keyring = Keyring::open(key_file.clone(), &store).unwrap();
            let service = Service::for_tests(store, keyring);
            let settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7, theme: Theme::Auto };
            for (name, password) in [("lena", Some(LENAS)), ("tom", None)] {
                service.add_user(name, false, settings, password.map(str::to_owned)).await.unwrap();
            }
            House { service, key_file, _folder: folder }
        }

        async fn check(&self, name: &str, password: &str) -> Option<String> {
            let known = self.service.check_password(name, password.to_owned()).await.unwrap();
            let user = known.map(|known| known.user);
            user.map(|user| user.name.as_str().to_owned())
        }

        /// A check that cannot be made.
        async fn fail(&self, name: &str, password: &str) {
            let checked = self.service.check_password(name, password.to_owned()).await;
            assert!(
                matches!(checked, Err(ServiceError::Refused(Refusal::Access(AccessRefusal::PasswordsUnavailable)))),
                "{checked:?}"
            );
        }

        async fn give(&self, name: &str, password: &str) {
            let fields = AccountFields { password: Some(password.to_owned()), ..AccountFields::default() };
            self.service.change_account(name, fields).await.unwrap();
        }

        fn id(&self, name: &str) -> UserId {
            self.service.require_user(name).unwrap().id
        }

        fn kept(&self, name: &str) -> String {
            self.service.store.get_credential(self.id(name)).unwrap().unwrap()
        }

        /// Puts something else into the database.
        async fn put(&self, name: &str, credential: String) {
            let change = AccountChange { credential: Some(credential), ..AccountChange::default() };
            self.service.store.administer(Administration::ChangeUser { id: self.id(name), change }).await.unwrap();
        }

        /// As a start does.
        fn read_keys(&mut self) {
            let keyring = Keyring::open(self.key_file.clone(), &self.service.store).unwrap();
            Arc::get_mut(&mut self.service).unwrap().keyring = Arc::new(keyring);
        }
    }

    const LENAS: &str = "ein langes Kennwort";
    const TOMS: &str = "ein anderes Kennwort";

    #[tokio::test]
    async fn only_the_right_password_of_an_open_account_is_one() {
        let house = House::new().await;
        assert_eq!(house.check("lena", LENAS).await.as_deref(), Some("lena"));
        for (name, password) in [
            ("lena", "ein langes Kennwort "),
            ("lena", ""),
            ("Lena", LENAS),
            ("tom", LENAS),
            ("tom", ""),
            ("nobody", LENAS),
            ("no name", LENAS),
            ("lena", &LENAS.repeat(100)),
        ] {
            assert_eq!(house.check(name, password).await, None, "{name} {password}");
        }
        let disabled = |disabled| AccountFields { disabled: Some(disabled), ..AccountFields::default() };
        house.service.change_account("lena", disabled(true)).await.unwrap();
        assert_eq!(house.check("lena", LENAS).await, None);
        let fields = AccountFields { password: Some(TOMS.to_owned()), disabled: Some(false), admin: None };
        house.service.change_account("lena", fields).await.unwrap();
        assert_eq!(house.check("lena", LENAS).await, None);
        assert_eq!(house.check("lena", TOMS).await.as_deref(), Some("lena"));
    }

    #[tokio::test]
    async fn what_is_kept_is_sealed_for_its_user() {
        let house = House::new().await;
        let kept = house.kept("lena");
        assert!(kept.starts_with("sealed-1:") && !kept.contains("argon2"), "{kept}");
        // Whoever can write the database cannot let himself in with what is kept of his own.
        house.put("tom", kept).await;
        assert_eq!(house.check("tom", LENAS).await, None);
        house.put("tom", "sealed-1:".to_owned()).await;
        assert_eq!(house.check("tom", LENAS).await, None);
        house.put("tom", house.key_file.read().unwrap().unwrap().seal(PasswordHash, house.id("tom").0, "none")).await;
        assert_eq!(house.check("tom", LENAS).await, None);
    }

    #[tokio::test]
    async fn a_hash_of_before_is_replaced_once_it_was_right() {
        let house = House::new().await;
        let before = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$";
        let params = argon2::Params::new(8, 1, 1, Some(32)).unwrap();
        let hasher = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let salt: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let hash =
            argon2::PasswordHasher::hash_password_with_salt(&hasher, TOMS.as_bytes(), &salt).unwrap().to_string();
        assert!(hash.starts_with(before), "{hash}");
        let key = house.key_file.read().unwrap().unwrap();
        for kept in [hash.clone(), key.seal(PasswordHash, house.id("tom").0, &hash)] {
            house.put("tom", kept.clone()).await;
            assert_eq!(house.check("tom", LENAS).await, None);
            assert_eq!(house.kept("tom"), kept, "only who knows it can hash it");
            assert_eq!(house.check("tom", TOMS).await.as_deref(), Some("tom"));
            assert_ne!(house.kept("tom"), kept);
            let new = key.open(PasswordHash, house.id("tom").0, &house.kept("tom")).unwrap();
            assert_eq!(hashing::compare(TOMS, &new), Comparison::Same);
        }
        // A password that was given meanwhile stays.
        let outdated = Outdated { id: house.id("tom"), kept: hash, password: Zeroizing::new(TOMS.to_owned()) };
        let kept = house.kept("tom");
        house.service.hash_anew(outdated).await;
        assert_eq!(house.kept("tom"), kept);
    }

    #[tokio::test]
    async fn a_check_counts_while_nothing_changes() {
        let house = House::new().await;
        let visit = Visit::default();
        let known = async || house.service.check_password("lena", LENAS.to_owned()).await.unwrap().unwrap();
        let let_in = async |known: Known| {
            let session = house.service.begin_session(known.user, Some(known.kept), &visit).await;
            session.map(|_| ()).map_err(|error| error.to_string())
        };
        let before = known().await;
        assert_eq!(let_in(known().await).await, Ok(()));
        house.give("lena", TOMS).await;
        assert!(let_in(before).await.is_err(), "the password is another by now");
        house.give("lena", LENAS).await;
        let before = known().await;
        let disabled = AccountFields { disabled: Some(true), ..AccountFields::default() };
        house.service.change_account("lena", disabled).await.unwrap();
        assert!(let_in(before).await.is_err(), "the account is closed by now");
        assert!(house.service.list_sessions(house.id("lena")).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn without_the_key_nothing_can_be_checked_and_with_another_what_it_sealed() {
        let mut house = House::new().await;
        let (lost, path) = (house.key_file.read().unwrap().unwrap(), house.key_file.path().to_owned());
        std::fs::remove_file(&path).unwrap();
        house.read_keys();
        assert!(!path.exists(), "it may come back");
        for (name, password) in [("lena", LENAS), ("lena", TOMS), ("tom", LENAS), ("nobody", LENAS)] {
            house.fail(name, password).await;
        }
        assert_eq!(house.check("lena", &LENAS.repeat(100)).await, None);
        house.give("tom", TOMS).await;
        let made = house.key_file.read().unwrap().unwrap();
        assert_ne!(made.id(), lost.id());
        assert_eq!(house.check("tom", TOMS).await.as_deref(), Some("tom"));
        // Whose cannot be checked is not told.
        for (name, password) in [("lena", LENAS), ("tom", LENAS), ("nobody", LENAS)] {
            house.fail(name, password).await;
        }
        // Put back while the server runs, it is used from then on.
        house.key_file.write(&lost).unwrap();
        assert_eq!(house.check("lena", LENAS).await.as_deref(), Some("lena"));
        house.fail("tom", TOMS).await;
        house.give("tom", LENAS).await;
        assert_eq!(house.check("tom", LENAS).await.as_deref(), Some("tom"));
        assert_eq!((house.check("tom", TOMS).await, house.check("nobody", TOMS).await), (None, None), "all is well");
        // One that goes away meanwhile is written again.
        std::fs::remove_file(&path).unwrap();
        house.give("tom", TOMS).await;
        assert_eq!(house.key_file.read().unwrap().unwrap().id(), lost.id());
        assert_eq!(house.check("tom", TOMS).await.as_deref(), Some("tom"));
    }

    #[tokio::test]
    async fn an_account_that_goes_takes_its_lost_key_along() {
        let mut house = House::new().await;
        house.key_file.write(&Key::generate()).unwrap();
        house.read_keys();
        house.give("tom", TOMS).await;
        house.fail("nobody", LENAS).await;
        house.service.remove_account("lena").await.unwrap();
        assert_eq!(house.check("nobody", LENAS).await, None);
        // A file that cannot be used gives nobody a password, and nothing is put in its place.
        std::fs::write(house.key_file.path(), "geheim").unwrap();
        let fields = AccountFields { password: Some(LENAS.to_owned()), ..AccountFields::default() };
        let given = house.service.change_account("tom", fields).await;
        assert!(
            matches!(given, Err(ServiceError::Refused(Refusal::Access(AccessRefusal::KeyFileUnusable)))),
            "{given:?}"
        );
        assert_eq!(house.check("tom", TOMS).await.as_deref(), Some("tom"));
    }
}
