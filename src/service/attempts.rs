//! How often somebody may try to come in: a few times at once, then a little at a time. Each try counts for its address
//! and for the account. Where somebody came in before, the account's tries from there are counted apart: so a stranger
//! who guesses without end keeps nobody out who comes from where one always comes from.
//!
//! The generic cell rate algorithm (ITU-T I.371): for each address and each account one instant is kept, the
//! theoretical arrival time, at which all that was tried would be paid for.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::sync;
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
enum Key {
    /// One IPv4 address or one IPv6 network.
    Address(IpAddr),
    /// A name, whether somebody has it or not; as a hash, so that each takes the same little room.
    Account([u8; 32]),
    /// The same, from an address that it was right from before.
    AccountFrom([u8; 32], IpAddr),
}

/// The attempts of late.
pub(super) struct Attempts {
    paid_for_at: Mutex<Cache<Key, DateTime<Utc>>>,
    /// The accounts that somebody came into, with the address. As long as the program runs, and there are not too many.
    familiar: sync::Cache<([u8; 32], IpAddr), ()>,
}

impl Default for Attempts {
    fn default() -> Attempts {
        Attempts { paid_for_at: Mutex::new(Cache::new(KNOWN_MAX)), familiar: sync::Cache::new(KNOWN_MAX) }
    }
}

/// An attempt that was begun.
pub(super) struct Attempt {
    account: [u8; 32],
    address: Option<IpAddr>,
    keys: Vec<Key>,
}

impl Attempts {
    fn lock(&self) -> MutexGuard<'_, Cache<Key, DateTime<Utc>>> {
        self.paid_for_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an attempt to come into the account of this name.
    ///
    /// # Errors
    /// How long to wait; then it is not counted.
    pub(super) fn begin(&self, name: &str, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<Attempt, Duration> {
        let account = Sha256::digest(name).into();
        let from = address.filter(|address| self.familiar.get(&(account, *address)).is_some());
        let mut keys = vec![from.map_or(Key::Account(account), |address| Key::AccountFrom(account, address))];
        keys.extend(address.map(Key::Address));
        self.count(&keys, now)?;
        Ok(Attempt { account, address, keys })
    }

    /// Counts by all of these keys, or by none.
    fn count(&self, keys: &[Key], now: DateTime<Utc>) -> Result<(), Duration> {
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

    /// Takes the attempt back: what was not checked was no guess.
    pub(super) fn take_back(&self, attempt: &Attempt) {
        let mut known = self.lock();
        for key in &attempt.keys {
            if let Some(mut paid_for_at) = known.get_mut(key) {
                *paid_for_at -= each();
            }
        }
    }

    /// Takes the attempt back, because it was right; from there it is known from now on.
    pub(super) fn succeeded(&self, attempt: &Attempt) {
        self.take_back(attempt);
        if let Some(address) = attempt.address {
            self.familiar.insert((attempt.account, address), ());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_760_335_200_000 + millis).unwrap()
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    /// How long one has to wait who tries now, whoever it is from there; zero when it is counted.
    fn wait(attempts: &Attempts, name: &str, last: u8, millis: i64) -> Duration {
        attempts.begin(name, address(last), at(millis)).err().unwrap_or_default()
    }

    #[test]
    fn ten_at_once_and_then_one_each_six_seconds() {
        let attempts = Attempts::default();
        for number in 0..ATTEMPTS {
            assert!(wait(&attempts, &format!("name{number}"), 1, 0).is_zero());
        }
        assert_eq!(wait(&attempts, "anna", 1, 0), Duration::from_secs(6));
        assert_eq!(wait(&attempts, "anna", 1, 5_999), Duration::from_millis(1));
        assert!(wait(&attempts, "anna", 1, 6_000).is_zero());
        assert_eq!(wait(&attempts, "anna", 1, 6_000), Duration::from_secs(6));
        assert!(wait(&attempts, "bert", 2, 6_000).is_zero(), "another address is another's");
        for number in 0..ATTEMPTS {
            assert!(
                wait(&attempts, &format!("other{number}"), 1, 120_000).is_zero(),
                "after a minute all is as at first"
            );
        }
    }

    #[test]
    fn what_one_key_forbids_is_not_counted_by_the_other() {
        let attempts = Attempts::default();
        for last in 0..10 {
            assert!(wait(&attempts, "anna", last, 0).is_zero());
        }
        for _ in 0..50 {
            assert!(!wait(&attempts, "anna", 99, 0).is_zero());
        }
        for number in 0..ATTEMPTS {
            assert!(wait(&attempts, &format!("name{number}"), 99, 0).is_zero());
        }
    }

    #[test]
    fn success_is_not_counted() {
        let attempts = Attempts::default();
        for _ in 0..100 {
            attempts.succeeded(&attempts.begin("anna", address(1), at(0)).unwrap());
        }
    }

    #[test]
    fn a_stranger_keeps_nobody_out_who_is_known_there() {
        let attempts = Attempts::default();
        attempts.succeeded(&attempts.begin("anna", address(1), at(0)).unwrap());
        for last in 10..30 {
            let _ = attempts.begin("anna", address(last), at(0));
        }
        assert!(!wait(&attempts, "anna", 2, 0).is_zero(), "from elsewhere one has to wait");
        for _ in 0..ATTEMPTS {
            assert!(wait(&attempts, "anna", 1, 0).is_zero());
        }
        assert_eq!(wait(&attempts, "anna", 1, 0), Duration::from_secs(6), "and is not let guess without end either");
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let attempts = Attempts::default();
        for _ in 0..ATTEMPTS {
            assert!(wait(&attempts, "anna", 1, 86_400_000).is_zero());
        }
        assert_eq!(wait(&attempts, "anna", 1, 0), Duration::from_secs(6));
    }
}
