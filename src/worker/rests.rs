//! Rules that could not be asked are left alone for a while.
//!
//! Who asks them again at each request would hold a planning thread, up to the backstop each time, and others would wait
//! for that. A pause begins short, because a machine that was busy for a moment must not decide for longer, and doubles
//! with each failure after the other. Meanwhile they fail as they did before, as uncertain as that was.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::rules::RuleError;

/// After the clock cut them, twice: another day or another machine may go better.
const PAUSE_AFTER_CLOCK: Duration = Duration::from_secs(1);
/// After they used up the memory of two workers, the second a new one. That is the script; only a machine that counts
/// memory before it is used may have refused what a worker was allowed, so it is not held for certain for ever.
const PAUSE_AFTER_MEMORY: Duration = Duration::from_secs(60);
const PAUSE_MAX: Duration = Duration::from_secs(600);
/// Rests that are remembered; when there are more, all are forgotten.
const RESTS_MAX: usize = 1_024;

/// What rests: a list that is too slow whatever it is asked, or one that fails at one question, so that its user can
/// change the task that it fails for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Resting {
    List([u8; 32]),
    Question([u8; 32], u64),
}

impl Resting {
    /// The list with this question, as it goes over the wire.
    pub(super) fn question(fingerprint: [u8; 32], question: &[u8]) -> Resting {
        let mut hasher = DefaultHasher::new();
        hasher.write(question);
        Resting::Question(fingerprint, hasher.finish())
    }

    fn first_pause(self) -> Duration {
        match self {
            Resting::List(_) => PAUSE_AFTER_CLOCK,
            Resting::Question(..) => PAUSE_AFTER_MEMORY,
        }
    }
}

struct Rest {
    until: Instant,
    pause: Duration,
    error: RuleError,
}

#[derive(Default)]
pub(super) struct Rests(Mutex<HashMap<Resting, Rest>>);

impl Rests {
    fn all(&self) -> MutexGuard<'_, HashMap<Resting, Rest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the list is left alone now, with whatever it is asked or with this question, if it is.
    pub(super) fn error(
        &self,
        fingerprint: [u8; 32],
        question: impl FnOnce() -> Vec<u8>,
        now: Instant,
    ) -> Option<RuleError> {
        let rests = |what| self.all().get(&what).filter(|rest| now < rest.until).map(|rest| rest.error.clone());
        if self.all().is_empty() {
            return None;
        }
        rests(Resting::List(fingerprint)).or_else(|| rests(Resting::question(fingerprint, &question())))
    }

    /// It failed.
    pub(super) fn begin(&self, what: Resting, error: RuleError, now: Instant) {
        let mut all = self.all();
        let pause = all.get(&what).map_or(what.first_pause(), |rest| (rest.pause * 2).min(PAUSE_MAX));
        if all.len() >= RESTS_MAX && !all.contains_key(&what) {
            all.clear();
        }
        all.insert(what, Rest { until: now + pause, pause, error });
    }

    /// The list has answered in time.
    pub(super) fn end(&self, fingerprint: [u8; 32]) {
        self.all().remove(&Resting::List(fingerprint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_an_answer_comes() {
        let (rests, list) = (Rests::default(), [1; 32]);
        let error = RuleError { timed_out: true, ..RuleError::of_script("a", "too slow") };
        let found = |list, now| rests.error(list, || b"question".to_vec(), now);
        let begun = Instant::now();
        let mut now = begun;
        for seconds in [1, 2, 4, 8] {
            assert_eq!(found(list, now), None);
            rests.begin(Resting::List(list), error.clone(), now);
            now += Duration::from_secs(seconds);
            assert_eq!(found(list, now - Duration::from_millis(1)), Some(error.clone()));
        }
        assert_eq!(found([2; 32], begun), None);
        rests.end(list);
        assert_eq!(found(list, begun), None);
        for _ in 0..20 {
            rests.begin(Resting::List(list), error.clone(), begun);
        }
        assert_eq!(found(list, begun + PAUSE_MAX), None);
        assert!(found(list, begun + PAUSE_MAX - Duration::from_secs(1)).is_some());
    }

    #[test]
    fn another_question_does_not_rest() {
        let (rests, list) = (Rests::default(), [1; 32]);
        let error = RuleError { timed_out: true, ..RuleError::of_script("a", "too much") };
        let now = Instant::now();
        rests.begin(Resting::question(list, b"all tasks"), error.clone(), now);
        assert_eq!(rests.error(list, || b"all tasks".to_vec(), now), Some(error));
        assert_eq!(rests.error(list, || b"one task less".to_vec(), now), None);
    }
}
