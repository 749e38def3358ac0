//! What the use cases count.

use crate::metrics::{Counter, Histogram};

/// Since the start.
#[derive(Debug)]
pub struct ServiceMetrics {
    /// From the snapshot to the finished bytes of a timeline that was read.
    pub rebuild_times: Histogram,
    /// Plans that other rules had to stand in for, because those that should apply failed.
    pub rule_failures: Counter,
    /// Rounds of the sync that came to their end.
    pub sync_rounds: Counter,
    /// Those that did not.
    pub sync_failures: Counter,
    /// Commits that were pushed.
    pub sync_commits: Counter,
}

impl Default for ServiceMetrics {
    fn default() -> Self {
        ServiceMetrics {
            rebuild_times: Histogram::of_times(),
            rule_failures: Counter::default(),
            sync_rounds: Counter::default(),
            sync_failures: Counter::default(),
            sync_commits: Counter::default(),
        }
    }
}
