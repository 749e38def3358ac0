//! The only reader of time. Everything else is given an instant, so that tests can choose it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// Tells the present instant, in whole milliseconds: the precision that is stored and answered.
#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// Set by hand: milliseconds since 1970-01-01T00:00:00Z.
    Manual(watch::Sender<i64>),
}

/// The system's clock can be set while somebody waits, so a wait looks again after this time at most.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Clock {
    /// A clock that stands at `instant` until [`Clock::set`] moves it.
    pub fn manual(instant: DateTime<Utc>) -> Clock {
        Clock::Manual(watch::Sender::new(instant.timestamp_millis()))
    }

    pub fn now(&self) -> DateTime<Utc> {
        let millis = match self {
            Clock::System => system_millis(),
            Clock::Manual(millis) => *millis.borrow(),
        };
        DateTime::from_timestamp_millis(millis).unwrap_or_default()
    }

    /// Moves a manual clock; the system's stays as it is.
    pub fn set(&self, instant: DateTime<Utc>) {
        if let Clock::Manual(millis) = self {
            millis.send_replace(instant.timestamp_millis());
        }
    }

    /// Ready as soon as the clock shows `instant` or later.
    pub async fn wait_until(&self, instant: DateTime<Utc>) {
        match self {
            Clock::Manual(millis) => {
                // The sender is ours, so the wait cannot fail.
                let _ = millis.subscribe().wait_for(|now| *now >= instant.timestamp_millis()).await;
            }
            Clock::System => {
                while let Ok(left) = (instant - self.now()).to_std()
                    && !left.is_zero()
                {
                    tokio::time::sleep(left.min(LOOK_AGAIN)).await;
                }
            }
        }
    }
}

/// Milliseconds since 1970, and none for a clock that was set to a time before. Straight from the system: every request
/// asks for it.
fn system_millis() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs())
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000)
        .saturating_add(i64::from(since.subsec_millis()))
}
