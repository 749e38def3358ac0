//! `Idempotency-Key`: a request that comes again is answered, not carried out again.
//!
//! A key belongs to one user and one route. The answer is stored in the commit of the change, so it lasts
//! exactly as surely as the change does. While the first request is under way its twin is refused. A request that
//! was refused or had nothing to change did nothing, so it is not remembered, and decided anew when it comes again.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Service;
use super::change::{Asked, Decision, Remember, Situation};
use super::error::{Refusal, ServiceError};
use crate::domain::ids::UserId;
use crate::store::{Origin, REMEMBER_MILLIS, Remembered, StoreError};

/// An `Idempotency-Key` with the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The same for all requests of one kind, such as `POST /api/tasks`.
    pub route: &'static str,
    pub key: String,
    /// Hash of everything that makes the request another one.
    pub fingerprint: [u8; 32],
}

impl IdempotencyKey {
    /// What is kept so that this answer can be given again.
    pub(super) fn remember<T: Serialize>(&self, answer: &T) -> Remembered {
        let IdempotencyKey { route, key, fingerprint } = self.clone();
        // Writing plain structs has nothing that could fail.
        Remembered { route: route.into(), key, fingerprint, answer: serde_json::to_vec(answer).unwrap_or_default() }
    }
}

/// Holds a key for as long as its request is under way.
pub(super) struct KeyGuard {
    service: Arc<Service>,
    held: (UserId, String),
    key: IdempotencyKey,
}

impl KeyGuard {
    pub(super) fn take(service: &Arc<Service>, user: UserId, key: IdempotencyKey) -> Result<KeyGuard, Refusal> {
        let held = (user, format!("{} {}", key.route, key.key));
        let is_first = service.keys_in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(held.clone());
        if is_first { Ok(KeyGuard { service: service.clone(), held, key }) } else { Err(Refusal::KeyInFlight) }
    }

    pub(super) fn key(&self) -> &IdempotencyKey {
        &self.key
    }
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        self.service.keys_in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.held);
        self.service.key_landed.notify_waiters();
    }
}

impl Service {
    /// As [`Service::change`]; a change that this key came with before is answered as it was then, and the flag
    /// says so.
    ///
    /// # Errors
    /// [`Refusal::KeyInFlight`] while the first request is under way, [`Refusal::KeyReused`] when the key came
    /// with another request.
    pub async fn change_once<T, D>(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        key: Option<IdempotencyKey>,
        decide: D,
    ) -> Result<(T, bool), ServiceError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        D: Fn(&mut Situation<'_>) -> Result<Decision<T>, ServiceError> + Send + Sync + 'static,
    {
        let Some(key) = key else { return Ok((self.change(user, origin, decide).await?, false)) };
        let guard = KeyGuard::take(self, user, key)?;
        if let Some(earlier) = self.repeated(user, &guard.key)? {
            return Ok((earlier, true));
        }
        let (service, asked_again, reused) = (self.clone(), guard.key.clone(), Arc::new(AtomicBool::new(false)));
        let found = reused.clone();
        let decide = move |situation: &mut Situation<'_>| {
            // Asked again with the state that is decided on: a first request whose outcome was not known, after a
            // fault of the disk, may have come to light since.
            let earlier = service.repeated(user, &asked_again)?;
            found.store(earlier.is_some(), Ordering::Relaxed);
            earlier.map_or_else(|| decide(situation), |earlier| Ok(Decision::Keep(earlier)))
        };
        let remember: Remember<T> = Arc::new(move |answer: &T| {
            // The change goes on when its asker goes away, so the key is held by the change.
            guard.key.remember(answer)
        });
        let answer = self.change_as(user, Asked { origin, remember: Some(remember) }, decide).await?;
        Ok((answer, reused.load(Ordering::Relaxed)))
    }

    /// As [`Service::change_once`], of a request that waits for its twin and is answered as that one was.
    ///
    /// # Errors
    /// As there, but for [`Refusal::KeyInFlight`].
    pub(super) async fn change_once_in_turn<T, D>(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        key: Option<IdempotencyKey>,
        decide: D,
    ) -> Result<(T, bool), ServiceError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        D: Fn(&mut Situation<'_>) -> Result<Decision<T>, ServiceError> + Clone + Send + Sync + 'static,
    {
        loop {
            // Listened to before it is asked, so that a twin which ends in between is heard.
            let mut landed = pin!(self.key_landed.notified());
            landed.as_mut().enable();
            match self.change_once(user, origin.clone(), key.clone(), decide.clone()).await {
                Err(ServiceError::Refused(Refusal::KeyInFlight)) => landed.await,
                done => return done,
            }
        }
    }

    /// As [`Service::repeated`], of what is kept beside the user's generations, which then do not tell whether it lasts.
    pub(super) fn repeated_beside<T: DeserializeOwned>(
        &self,
        user: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<T>, ServiceError> {
        let opening = self.store.opening();
        let earlier = self.repeated(user, key)?;
        if earlier.is_some() && !(self.store.is_writable() && self.store.opening() == opening) {
            return Err(uncertain());
        }
        Ok(earlier)
    }

    /// The answer that this key was given before, unless it has expired.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when there is one that is not certain to be on disk.
    fn repeated<T: DeserializeOwned>(&self, user: UserId, key: &IdempotencyKey) -> Result<Option<T>, ServiceError> {
        let Some(earlier) = self.store.get_repeated(user, key.route, &key.key)? else { return Ok(None) };
        if !earlier.is_durable {
            return Err(uncertain());
        }
        if self.clock.now().timestamp_millis() - earlier.at_millis >= REMEMBER_MILLIS {
            return Ok(None);
        }
        if earlier.fingerprint != key.fingerprint {
            return Err(Refusal::KeyReused.into());
        }
        // It was carried out, so it is not carried out again, whatever became of the answer.
        let answer = serde_json::from_slice(&earlier.answer).map_err(|_| StoreError::Damaged("idempotency"))?;
        Ok(Some(answer))
    }
}

fn uncertain() -> ServiceError {
    StoreError::Unknown("the first answer may not last".to_owned()).into()
}
