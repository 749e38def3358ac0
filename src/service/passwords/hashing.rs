//! Argon2id (RFC 9106): how a password is hashed and compared, a few at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::service::error::{AccessRefusal, ServiceError};
use crate::service::planners::Interrupted;
use crate::store::random;

/// Hashes that are made at the same time, at most: each takes 19 MiB and a core for tens of milliseconds.
const TURNS_MAX: usize = 4;

/// Hashes that may wait for their turn.
const WAITING_MAX: usize = 64;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Whose turn it is. One core is always left to everybody who does not sign in, if there are several.
pub(super) struct Hashing {
    turns: Arc<Semaphore>,
    /// One for each that waits or has its turn.
    places: Arc<Semaphore>,
}

impl Hashing {
    pub(super) fn on_cores(cores: usize) -> Hashing {
        let turns = cores.saturating_sub(1).clamp(1, TURNS_MAX);
        Hashing { turns: Arc::new(Semaphore::new(turns)), places: Arc::new(Semaphore::new(turns + WAITING_MAX)) }
    }

    /// Does work that hashes, when its turn comes, on a thread that it may keep busy. Once begun it goes on and keeps
    /// its turn, also when its asker goes away.
    ///
    /// # Errors
    /// [`AccessRefusal::TooManyPasswords`] when too many wait already.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| AccessRefusal::TooManyPasswords)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| Interrupted)?;
        let work = move || {
            let _held = (place, turn);
            work()
        };
        Ok(tokio::task::spawn_blocking(work).await.map_err(|_| Interrupted)?)
    }
}

fn params() -> Result<Params, argon2::Error> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(Params::DEFAULT_OUTPUT_LEN))
}

/// The hash of a password, in PHC string form. Takes its time: see [`Hashing::run`].
pub(super) fn hash(password: &str) -> Result<Zeroizing<String>, String> {
    let params = params().map_err(|error| error.to_string())?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = hasher.hash_password_with_salt(password.as_bytes(), &random::<16>());
    hash.map(|hash| Zeroizing::new(hash.to_string())).map_err(|error| error.to_string())
}

/// What comparing a password with a hash says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    /// The same, but the hash was made in another way than they are made now.
    SameByOtherParams,
    Other,
    /// The hash is none.
    NoHash,
}

/// Whether a text is a hash in PHC string form that passwords can be compared with.
pub(super) fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|parsed| parsed.salt.is_some() && parsed.hash.is_some())
}

/// Compares a password with a hash in PHC string form. Takes its time: see [`Hashing::run`].
pub(super) fn compare(password: &str, hash: &str) -> Comparison {
    let parsed = PasswordHash::new(hash).ok().filter(|parsed| parsed.salt.is_some() && parsed.hash.is_some());
    let Some(parsed) = parsed else { return Comparison::NoHash };
    match Argon2::default().verify_password(password.as_bytes(), &parsed) {
        Ok(()) if is_present_form(&parsed) => Comparison::Same,
        Ok(()) => Comparison::SameByOtherParams,
        Err(argon2::password_hash::Error::PasswordInvalid) => Comparison::Other,
        Err(_) => Comparison::NoHash,
    }
}

/// Whether a hash was made as [`hash`] makes them.
fn is_present_form(hash: &PasswordHash) -> bool {
    let is_algorithm = hash.algorithm == argon2::ARGON2ID_IDENT && hash.version == Some(Version::V0x13.into());
    is_algorithm && Params::try_from(hash).ok() == params().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_told_from_another_and_a_hash_from_none() {
        let hash = hash("ein langes Kennwort").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", *hash);
        assert_eq!(compare("ein langes Kennwort", &hash), Comparison::Same);
        for other in ["ein langes Kennwor", "Ein langes Kennwort", ""] {
            assert_eq!(compare(other, &hash), Comparison::Other);
        }
        let cut = &hash[..hash.len() - 44];
        for none in ["", "$argon2id$", "sealed", "$scrypt$ln=4$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0", cut] {
            assert_eq!(compare("ein langes Kennwort", none), Comparison::NoHash, "{none}");
        }
    }

    #[test]
    fn a_hash_of_other_params_is_told() {
        for (algorithm, memory, passes) in [
            (Algorithm::Argon2id, 8 * 1024, 2),
            (Algorithm::Argon2id, 19 * 1024, 1),
            (Algorithm::Argon2i, 19 * 1024, 2),
        ] {
            let params = Params::new(memory, passes, 1, Some(32)).unwrap();
            let hasher = Argon2::new(algorithm, Version::V0x13, params);
            let hash = hasher.hash_password_with_salt(b"ein langes Kennwort", &[7; 16]).unwrap().to_string();
            assert_eq!(compare("ein langes Kennwort", &hash), Comparison::SameByOtherParams, "{hash}");
            assert_eq!(compare("ein anderes Kennwort", &hash), Comparison::Other, "{hash}");
        }
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_and_the_rest_take_turns() {
        let hashing = Arc::new(Hashing::on_cores(2));
        let (begun, go_on) = (Arc::new(Semaphore::new(0)), std::sync::Barrier::new(2));
        let go_on = Arc::new(go_on);
        let (told, barrier) = (begun.clone(), go_on.clone());
        let own = hashing.clone();
        let first = tokio::spawn(async move {
            let work = move || {
                told.add_permits(1);
                barrier.wait();
            };
            own.run(work).await
        });
        begun.acquire().await.unwrap().forget();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|number| {
                let own = hashing.clone();
                tokio::spawn(async move { own.run(move || number).await })
            })
            .collect();
        while hashing.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = hashing.run(|| ()).await;
        assert!(
            matches!(
                refused,
                Err(ServiceError::Refused(crate::service::error::Refusal::Access(AccessRefusal::TooManyPasswords)))
            ),
            "{refused:?}"
        );
        tokio::task::spawn_blocking(move || go_on.wait()).await.unwrap();
        first.await.unwrap().unwrap();
        for (number, turn) in waiting.into_iter().enumerate() {
            assert_eq!(turn.await.unwrap().unwrap(), number);
        }
        assert!(hashing.run(|| ()).await.is_ok());
    }

    #[test]
    fn one_core_is_left_to_others() {
        let turns = |cores| Hashing::on_cores(cores).turns.available_permits();
        assert_eq!([0, 1, 2, 3, 5, 64].map(turns), [1, 1, 1, 2, 4, 4]);
    }
}
