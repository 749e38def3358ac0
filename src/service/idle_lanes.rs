//! Lanes of users who wrote lately, kept for their next change.

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::change::Lane;
use crate::domain::ids::UserId;
use crate::store::Keyed;

/// Tasks in all lanes that are kept although nobody works with them: about 50 MB.
const IDLE_TASKS_MAX: u64 = 50_000;
/// What a lane weighs beside its tasks, in tasks.
const LANE_WEIGHT: u64 = 8;

/// Lanes of users who wrote lately, so that their next change need not read everything again. Only a saving: a lane
/// that is gone is read from the database, and one that the database has left behind is told so by its commit.
pub(super) struct IdleLanes(Cache<UserId, IdleLane, TasksOfLane>);

impl Default for IdleLanes {
    fn default() -> Self {
        IdleLanes(Cache::with_weighter(1_024, IDLE_TASKS_MAX, TasksOfLane))
    }
}

impl IdleLanes {
    pub(super) fn keep(&self, user: UserId, keyed: Keyed<UserId, Lane>, tasks: u64) {
        self.0.insert(user, IdleLane { _keyed: keyed, tasks });
    }

    /// Nothing of the user's is at hand any more.
    pub(super) fn forget(&self, user: UserId) {
        self.0.remove(&user);
    }

    #[cfg(test)]
    pub(super) fn has(&self, user: UserId) -> bool {
        self.0.peek(&user).is_some()
    }
}

#[derive(Clone)]
struct IdleLane {
    /// Held, so that the lane stays.
    _keyed: Keyed<UserId, Lane>,
    tasks: u64,
}

#[derive(Clone)]
struct TasksOfLane;

impl Weighter<UserId, IdleLane> for TasksOfLane {
    fn weight(&self, _: &UserId, lane: &IdleLane) -> u64 {
        LANE_WEIGHT + lane.tasks
    }
}
