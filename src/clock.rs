//! The only reader of time. Everything else is given an instant, so that tests can choose it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// Tells the present instant, in whole milliseconds: the precision that is stored and answered.
#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// Set by hand: milliseconds since 1970-01-01T00:00:00Z.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `instant` until [`Clock::set`] moves it.
    pub fn manual(instant: DateTime<Utc>) -> Clock {
        Clock::Manual(Arc::new(AtomicI64::new(instant.timestamp_millis())))
    }

    pub fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
        let millis = match self {
            Clock::System => Utc::now().timestamp_millis(),
            Clock::Manual(millis) => millis.load(Ordering::SeqCst),
        };
        DateTime::from_timestamp_millis(millis).unwrap_or_default()
    }

    /// Moves a manual clock; the system's stays as it is.
    pub fn set(&self, instant: DateTime<Utc>) {
        if let Clock::Manual(millis) = self {
            millis.store(instant.timestamp_millis(), Ordering::SeqCst);
        }
    }
}
