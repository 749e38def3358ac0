//! Whose job is next: of whoever had the least of the planning threads while others waited for them.
//!
//! This is start-time fair queueing. A job begins, in a time that counts work alone, where the user's job before it ended,
//! or where the others are now if that is later; the earliest goes first. So who seldom asks, or for little, is next at
//! once, and nobody waits for ever. Those whose last jobs took long never have all threads: however many users have rules
//! that are slow, there is a thread for whoever has not.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::domain::ids::UserId;

/// Who is ahead of the others by less has had nothing: any job takes a moment.
const FREE: Duration = Duration::from_millis(50);
/// More is forgiven, so that mended rules are soon as quick as anybody's.
const AHEAD_MAX: Duration = Duration::from_secs(5);
/// Users of whom it is remembered where they ended; when there are more, those whom the others have reached are forgotten, if
/// need be all.
const ENDS_MAX: usize = 4_096;

/// Jobs by where they begin, then in the order of coming.
type Jobs<J> = BTreeMap<(Duration, u64), (UserId, J)>;

/// Jobs that wait, and how much each user has had.
pub(super) struct Turns<J> {
    prompt: Jobs<J>,
    /// Of users who are ahead of the others.
    late: Jobs<J>,
    came: u64,
    /// Where the last job that was taken began.
    reached: Duration,
    ends: HashMap<UserId, Duration>,
    /// Threads that have late jobs now, and how many may.
    with_late: usize,
    with_late_max: usize,
}

/// A job on its way; to be given back by [`Turns::end`].
pub(super) struct Turn {
    user: UserId,
    begins: Duration,
    is_late: bool,
}

impl<J> Turns<J> {
    /// At most so many late jobs are under way at once.
    pub(super) fn new(with_late_max: usize) -> Turns<J> {
        let (prompt, late, ends) = (Jobs::new(), Jobs::new(), HashMap::new());
        Turns { prompt, late, came: 0, reached: Duration::ZERO, ends, with_late: 0, with_late_max }
    }

    pub(super) fn push(&mut self, user: UserId, job: J) {
        let end = self.ends.get(&user).copied().unwrap_or_default();
        let begins = end.clamp(self.reached, self.reached + AHEAD_MAX);
        let jobs = if begins - self.reached > FREE { &mut self.late } else { &mut self.prompt };
        self.came += 1;
        jobs.insert((begins, self.came), (user, job));
    }

    /// The next job, if one may begin. Whoever ends one asks again, so that none stays behind.
    pub(super) fn begin(&mut self) -> Option<(Turn, J)> {
        let late = self.late.first_entry().filter(|_| self.with_late < self.with_late_max);
        let prompt = self.prompt.first_entry();
        let is_late = match (&prompt, &late) {
            (Some(prompt), Some(late)) => late.key() < prompt.key(),
            (prompt, _) => prompt.is_none(),
        };
        let ((begins, _), (user, job)) = if is_late { late } else { prompt }?.remove_entry();
        self.reached = self.reached.max(begins);
        self.with_late += usize::from(is_late);
        Some((Turn { user, begins, is_late }, job))
    }

    pub(super) fn end(&mut self, turn: &Turn, took: Duration) {
        self.with_late -= usize::from(turn.is_late);
        if self.ends.len() >= ENDS_MAX && !self.ends.contains_key(&turn.user) {
            let reached = self.reached;
            self.ends.retain(|_, end| *end > reached);
            if self.ends.len() >= ENDS_MAX {
                self.ends.clear();
            }
        }
        let end = self.ends.entry(turn.user).or_default();
        *end = turn.begins.max(*end) + took;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn taken(turns: &mut Turns<&'static str>) -> Option<&'static str> {
        turns.begin().map(|(_, job)| job)
    }

    /// Jobs of these users that took so long, all at the same time.
    fn had(turns: &mut Turns<&'static str>, took: &[(u64, Duration)]) {
        took.iter().for_each(|(user, _)| turns.push(UserId(*user), ""));
        let begun: Vec<_> = took.iter().map(|(_, took)| (turns.begin().unwrap().0, took)).collect();
        begun.iter().for_each(|(turn, took)| turns.end(turn, **took));
    }

    #[test]
    fn who_had_least_is_next_and_nobody_waits_for_ever() {
        let mut turns = Turns::new(9);
        had(&mut turns, &[(1, SECOND), (2, SECOND * 100), (3, FREE)]);
        for (user, job) in [(2, "slower"), (1, "slow"), (1, "slow too"), (3, "quick"), (4, "new")] {
            turns.push(UserId(user), job);
        }
        let order: Vec<_> = std::iter::from_fn(|| taken(&mut turns)).collect();
        assert_eq!(order, ["new", "quick", "slow", "slow too", "slower"]);
        turns.push(UserId(2), "slower");
        for round in 0.. {
            assert!(round < 10, "others overtake it for ever");
            had(&mut turns, &[(1, SECOND)]);
            if turns.late.is_empty() {
                break;
            }
        }
    }

    #[test]
    fn late_ones_leave_threads_to_others() {
        let mut turns = Turns::new(2);
        had(&mut turns, &[(0, SECOND), (1, SECOND), (2, SECOND)]);
        (0..3).for_each(|user| turns.push(UserId(user), "slow"));
        let (first, _) = turns.begin().unwrap();
        assert_eq!((taken(&mut turns), taken(&mut turns)), (Some("slow"), None));
        turns.push(UserId(9), "quick");
        assert_eq!((taken(&mut turns), taken(&mut turns)), (Some("quick"), None));
        turns.end(&first, SECOND);
        assert_eq!((taken(&mut turns), taken(&mut turns)), (Some("slow"), None));
    }
}
