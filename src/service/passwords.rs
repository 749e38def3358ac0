//! Passwords: what one may be, and whose one is.

mod hashing;

use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use self::hashing::{Comparison, Hashing};
use super::Service;
use super::error::{Fault, Refusal, ServiceError};
use crate::domain::ids::{UserId, UserName};
use crate::domain::lang::Phrase;
use crate::store::{StoreError, User, random};

/// The shortest and the longest password, in characters.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=128;

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
        let unknown = random::<16>().map(|byte| format!("{byte:02x}")).concat();
        let made = hashing::hash(&unknown).map_err(StoreError::Read)?;
        Ok(self.nobodys.get_or_init(|| made))
    }
}

/// Whether an account of this name can have this password.
pub(super) fn check_new_password(name: &str, password: &str) -> Result<(), Refusal> {
    let refused = |expected| Err(Refusal::field("password", Fault::Malformed { expected }));
    if !PASSWORD_CHARS.contains(&password.chars().count()) {
        return refused(Phrase { en: "12 to 128 characters long", de: "12 bis 128 Zeichen" });
    }
    if is_guessed_first(name, &password.to_lowercase()) {
        return refused(Phrase {
            en: "something that others do not guess first; the user's name, a few characters again and again, or a row of keys is that",
            de: "etwas, das andere nicht zuerst raten, also nicht der Benutzername, dieselben wenigen Zeichen oder eine Reihe von Tasten",
        });
    }
    Ok(())
}

fn is_guessed_first(name: &str, password: &str) -> bool {
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    let backwards: String = password.chars().rev().collect();
    let is_row = |row: &&str| row.contains(password) || row.contains(&backwards);
    password == name || different.len() < DIFFERENT_CHARS_MIN || ROWS.iter().any(|row| is_row(&row))
}

impl Service {
    /// Whose account this is, if the name and the password are those of one that is open. `None` says no more than that
    /// they are not: it takes the same time for a wrong password, for a name that nobody has, and for somebody who is
    /// disabled or has no password.
    ///
    /// # Errors
    /// [`AccessRefusal::TooManyPasswords`] when too many wait to be checked.
    pub async fn check_password(self: &Arc<Self>, name: &str, password: String) -> Result<Option<User>, ServiceError> {
        let password = Zeroizing::new(password);
        // Nobody has such a long one.
        if password.chars().count() > *PASSWORD_CHARS.end() {
            return Ok(None);
        }
        let (service, name) = (self.clone(), UserName::parse(name));
        self.passwords.hashing.run(move || service.compare(name.as_ref(), &password)).await?
    }

    fn compare(&self, name: Option<&UserName>, password: &str) -> Result<Option<User>, ServiceError> {
        /// The id that nobody has.
        const NOBODY: UserId = UserId(0);
        let nobodys = self.passwords.nobodys()?;
        let user = name.map(|name| self.store.get_user_by_name(name)).transpose()?.flatten();
        let stored = self.store.get_credential(user.as_ref().map_or(NOBODY, |user| user.id))?.map(Zeroizing::new);
        match hashing::compare(password, stored.as_ref().unwrap_or(nobodys)) {
            Comparison::Same | Comparison::SameByOtherParams => {
                Ok(user.filter(|user| stored.is_some() && !user.disabled))
            }
            Comparison::Other => Ok(None),
            Comparison::NoHash => {
                tracing::error!(user = user.map(|user| user.id.0), "a stored password hash cannot be read");
                hashing::compare(password, nobodys);
                Ok(None)
            }
        }
    }

    /// The hash of a new password for the account of this name.
    ///
    /// # Errors
    /// A password that is too short, too long or easily guessed; [`AccessRefusal::TooManyPasswords`].
    pub(super) async fn hash_password(&self, name: &str, password: String) -> Result<Zeroizing<String>, ServiceError> {
        let password = Zeroizing::new(password);
        check_new_password(name, &password)?;
        let hashed = self.passwords.hashing.run(move || hashing::hash(&password)).await?;
        hashed.map_err(|detail| StoreError::NotWritten(detail).into())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::clock::Clock;
    use crate::domain::lang::Lang;
    use crate::domain::zone::Zone;
    use crate::service::administration::AccountFields;
    use crate::service::rulebook::RuleBook;
    use crate::store::disk::Disk;
    use crate::store::{Settings, Store};
    use crate::worker::Options as WorkerOptions;

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

    #[tokio::test]
    async fn only_the_right_password_of_an_open_account_is_one() {
        let clock = Clock::manual(DateTime::from_timestamp(1_760_335_200, 0).unwrap());
        let store = Store::on(&Disk::new()).unwrap();
        let service = Service::new(store, clock, RuleBook::builtin(), WorkerOptions::of_this_program());
        let settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7 };
        for (name, password) in [("lena", Some("ein langes Kennwort")), ("tom", None)] {
            service.add_user(name, false, settings, password.map(str::to_owned)).await.unwrap();
        }
        let check = async |name: &str, password: &str| {
            let user = service.check_password(name, password.to_owned()).await.unwrap();
            user.map(|user| user.name.as_str().to_owned())
        };
        assert_eq!(check("lena", "ein langes Kennwort").await.as_deref(), Some("lena"));
        for (name, password) in [
            ("lena", "ein langes Kennwort "),
            ("lena", ""),
            ("Lena", "ein langes Kennwort"),
            ("tom", "ein langes Kennwort"),
            ("tom", ""),
            ("nobody", "ein langes Kennwort"),
            ("no name", "ein langes Kennwort"),
            ("lena", &"ein langes Kennwort".repeat(100)),
        ] {
            assert_eq!(check(name, password).await, None, "{name} {password}");
        }
        let disabled = |disabled| AccountFields { disabled: Some(disabled), ..AccountFields::default() };
        service.change_account("lena", disabled(true)).await.unwrap();
        assert_eq!(check("lena", "ein langes Kennwort").await, None);
        let other = Some("ein anderes Kennwort".to_owned());
        let fields = AccountFields { password: other, disabled: Some(false), admin: None };
        service.change_account("lena", fields).await.unwrap();
        assert_eq!(check("lena", "ein langes Kennwort").await, None);
        assert_eq!(check("lena", "ein anderes Kennwort").await.as_deref(), Some("lena"));
    }
}
