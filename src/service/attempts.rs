//! How often somebody may try to come in: a few times at once, then a little at a time. Nobody is locked out: whoever
//! waits may try again, whatever others did meanwhile.
//!
//! The generic cell rate algorithm (ITU-T I.371): for each address and each account one instant is kept, the
//! theoretical arrival time, at which all that was tried would be paid for.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::unsync::Cache;
use sha2::{Digest, Sha256};

/// One may make ten attempts at once, and in each minute afterwards.
const ATTEMPTS: i32 = 10;
const AHEAD_MAX: TimeDelta = TimeDelta::seconds(60);

/// What an attempt costs.
fn each() -> TimeDelta {
    AHEAD_MAX / ATTEMPTS
}

/// Addresses and accounts that are remembered; those that were tried the longest ago make room.
const KNOWN_MAX: usize = 65_536;

/// What attempts are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// One IPv4 address or one IPv6 network.
    Address(IpAddr),
    /// A name, whether somebody has it or not; as a hash, so that each takes the same little room.
    Account([u8; 32]),
}

impl Key {
    pub(super) fn account(name: &str) -> Key {
        Key::Account(Sha256::digest(name).into())
    }
}

/// The attempts of late.
pub(super) struct Attempts {
    paid_for_at: Mutex<Cache<Key, DateTime<Utc>>>,
}

impl Default for Attempts {
    fn default() -> Attempts {
        Attempts { paid_for_at: Mutex::new(Cache::new(KNOWN_MAX)) }
    }
}

impl Attempts {
    fn lock(&self) -> MutexGuard<'_, Cache<Key, DateTime<Utc>>> {
        self.paid_for_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an attempt by all of these keys, or by none.
    ///
    /// # Errors
    /// How long to wait, because of one of them.
    pub(super) fn begin(&self, keys: &[Key], now: DateTime<Utc>) -> Result<(), Duration> {
        let mut known = self.lock();
        let after = |known: &Cache<Key, DateTime<Utc>>, key: &Key| {
            let paid_for_at = known.get(key).copied().unwrap_or(now);
            // A clock that was set back is not to lock anybody out for as long.
            paid_for_at.clamp(now, now + AHEAD_MAX) + each()
        };
        let wait = keys.iter().map(|key| after(&known, key) - now - AHEAD_MAX).max().unwrap_or_default();
        if let Ok(wait) = wait.to_std()
            && !wait.is_zero()
        {
            return Err(wait);
        }
        for key in keys {
            let paid_for_at = after(&known, key);
            known.insert(*key, paid_for_at);
        }
        Ok(())
    }

    /// Takes one attempt back: it succeeded, and success is not guessing.
    pub(super) fn succeeded(&self, keys: &[Key]) {
        let mut known = self.lock();
        for key in keys {
            if let Some(mut paid_for_at) = known.get_mut(key) {
                *paid_for_at -= each();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_760_335_200_000 + millis).unwrap()
    }

    fn address(last: u8) -> Key {
        Key::Address([192, 0, 2, last].into())
    }

    #[test]
    fn ten_at_once_and_then_one_each_six_seconds() {
        let attempts = Attempts::default();
        for _ in 0..ATTEMPTS {
            assert_eq!(attempts.begin(&[address(1)], at(0)), Ok(()));
        }
        assert_eq!(attempts.begin(&[address(1)], at(0)), Err(Duration::from_secs(6)));
        assert_eq!(attempts.begin(&[address(1)], at(5_999)), Err(Duration::from_millis(1)));
        assert_eq!(attempts.begin(&[address(1)], at(6_000)), Ok(()));
        assert_eq!(attempts.begin(&[address(1)], at(6_000)), Err(Duration::from_secs(6)));
        assert_eq!(attempts.begin(&[address(2)], at(6_000)), Ok(()), "another address is another's");
        for _ in 0..ATTEMPTS {
            assert_eq!(attempts.begin(&[address(1)], at(120_000)), Ok(()), "after a minute all is as at first");
        }
    }

    #[test]
    fn what_one_key_forbids_is_not_counted_by_the_other() {
        let attempts = Attempts::default();
        let (anna, bert) = (Key::account("anna"), Key::account("bert"));
        for last in 0..10 {
            assert_eq!(attempts.begin(&[address(last), anna], at(0)), Ok(()));
        }
        for _ in 0..50 {
            assert!(attempts.begin(&[address(99), anna], at(0)).is_err());
        }
        for _ in 0..ATTEMPTS {
            assert_eq!(attempts.begin(&[address(99), bert], at(0)), Ok(()));
        }
    }

    #[test]
    fn success_is_not_counted() {
        let attempts = Attempts::default();
        for _ in 0..100 {
            assert_eq!(attempts.begin(&[address(1)], at(0)), Ok(()));
            attempts.succeeded(&[address(1)]);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let attempts = Attempts::default();
        for _ in 0..ATTEMPTS {
            assert_eq!(attempts.begin(&[address(1)], at(86_400_000)), Ok(()));
        }
        assert_eq!(attempts.begin(&[address(1)], at(0)), Err(Duration::from_secs(6)));
    }
}
