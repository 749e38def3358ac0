//! What the store counts.

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
