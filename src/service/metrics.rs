//! What the use cases count.

use crate::metrics::{Counter, Histogram};

/// Since the start.
#[derive(Debug)]
pub struct ServiceMetrics {
    /// From the snapshot to the finished bytes of a timeline that was read.
    pub rebuild_times: Histogram,
    /// Plans that other rules had to stand in for, because those that should apply failed.
    pub rule_failures: Counter,
}

impl Default for ServiceMetrics {
    fn default() -> Self {
        ServiceMetrics { rebuild_times: Histogram::of_times(), rule_failures: Counter::default() }
    }
}
