//! What the store counts.

use std::time::Duration;

use crate::metrics::{Counter, Histogram};

/// Since the database was opened.
#[derive(Debug)]
pub struct StoreMetrics {
    /// From the first change of a transaction until all of it was on disk.
    pub commit_times: Histogram,
    /// Requests that shared one of these transactions.
    pub group_sizes: Histogram,
    /// Transactions that failed.
    pub failures: Counter,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        StoreMetrics {
            commit_times: Histogram::of_times(),
            group_sizes: Histogram::of_counts(),
            failures: Counter::default(),
        }
    }
}

impl StoreMetrics {
    /// Counts a transaction of so many requests. One that nobody waits for is only counted if it failed.
    pub(super) fn transaction(&self, requests: usize, took: Duration, is_durable: bool, succeeded: bool) {
        if !succeeded {
            self.failures.add(1);
        } else if is_durable {
            self.commit_times.observe_time(took);
            self.group_sizes.observe(requests as u64);
        }
    }
}
