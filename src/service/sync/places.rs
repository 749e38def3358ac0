//! How many rounds with users' own remotes there are at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::link::locked;
use crate::domain::ids::UserId;

/// Rounds at the same time: one that hangs must not take a thread from everything else.
const PLACES: usize = 8;

/// The places for rounds. Nobody has two, whatever became of the remote that the first is with.
pub(super) struct Places {
    all: Arc<Semaphore>,
    of_users: Mutex<HashMap<UserId, Weak<tokio::sync::Mutex<()>>>>,
}

/// A place, until it is dropped.
pub(super) struct Place {
    _own: OwnedMutexGuard<()>,
    _one: Option<OwnedSemaphorePermit>,
}

impl Default for Places {
    fn default() -> Places {
        Places { all: Arc::new(Semaphore::new(PLACES)), of_users: Mutex::default() }
    }
}

impl Places {
    /// Waits for a place. One who has one ends by the remote's limits, so that this wait ends too.
    pub(super) async fn take(&self, user: UserId) -> Place {
        // First one's own: who waits for oneself keeps nobody else from a place.
        let own = self.of_user(user).lock_owned().await;
        Place { _own: own, _one: self.all.clone().acquire_owned().await.ok() }
    }

    fn of_user(&self, user: UserId) -> Arc<tokio::sync::Mutex<()>> {
        let mut of_users = locked(&self.of_users);
        // Nobody waits for these.
        of_users.retain(|_, own| own.strong_count() > 0);
        let known = of_users.get(&user).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let own = Arc::default();
            of_users.insert(user, Arc::downgrade(&own));
            own
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn is_ready<T>(waiting: impl Future<Output = T>) -> Option<T> {
        match pin!(waiting).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(ready) => Some(ready),
            Poll::Pending => None,
        }
    }

    #[test]
    fn nobody_has_two_places_and_there_are_no_more_than_there_are() {
        let places = Places::default();
        let first = is_ready(places.take(UserId(1))).unwrap();
        assert!(is_ready(places.take(UserId(1))).is_none());
        let others: Vec<_> = (2..=8).map(|user| is_ready(places.take(UserId(user))).unwrap()).collect();
        assert!(is_ready(places.take(UserId(9))).is_none());
        drop(first);
        let ninth = is_ready(places.take(UserId(9))).unwrap();
        drop((others, ninth));
        assert!(is_ready(places.take(UserId(1))).is_some());
        assert_eq!(locked(&places.of_users).len(), 1, "nothing is kept of those who have none");
    }
}
