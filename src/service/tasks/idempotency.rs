//! `Idempotency-Key`: a request that comes again is answered, not carried out again.
//!
//! A key belongs to one user and one route. The answer is stored in the commit of the change, so it lasts
//! exactly as surely as the change does. While the first request is under way its twin is refused.

use std::sync::{Arc, PoisonError};

use super::{IdempotencyKey, Saved};
use crate::domain::ids::UserId;
use crate::service::Service;
use crate::service::error::{Refusal, ServiceError};
use crate::store::{REMEMBER_MILLIS, Remembered, StoreError};

/// Holds a key for as long as its request is under way.
pub(super) struct KeyGuard {
    service: Arc<Service>,
    held: (UserId, String),
}

impl KeyGuard {
    pub(super) fn take(service: &Arc<Service>, user: UserId, route: &str, key: &str) -> Result<KeyGuard, Refusal> {
        let held = (user, format!("{route} {key}"));
        let is_first = service.keys_in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(held.clone());
        if is_first { Ok(KeyGuard { service: service.clone(), held }) } else { Err(Refusal::KeyInFlight) }
    }
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        self.service.keys_in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.held);
    }
}

impl Service {
    /// The answer that this key was given before, unless it has expired.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when there is one that is not certain to be on disk.
    pub(super) fn repeated(
        &self,
        user: UserId,
        route: &'static str,
        key: &IdempotencyKey,
    ) -> Result<Option<Saved>, ServiceError> {
        let Some(earlier) = self.store.get_repeated(user, route, &key.key)? else { return Ok(None) };
        if !earlier.is_durable {
            return Err(StoreError::Unknown("the first answer may not last".to_owned()).into());
        }
        if self.clock.now().timestamp_millis() - earlier.at_millis >= REMEMBER_MILLIS {
            return Ok(None);
        }
        if earlier.fingerprint != key.fingerprint {
            return Err(Refusal::KeyReused.into());
        }
        let saved = serde_json::from_slice::<Saved>(&earlier.answer).ok();
        Ok(saved.map(|saved| Saved { reused: true, ..saved }))
    }
}

impl IdempotencyKey {
    pub(super) fn remember(self, route: &'static str, saved: &Saved) -> Remembered {
        let answer = serde_json::to_vec(saved).unwrap_or_default();
        Remembered { route, key: self.key, fingerprint: self.fingerprint, answer }
    }
}
