//! What is counted of the workers.

use crate::metrics::{Counter, Histogram};

/// Since the start.
#[derive(Debug)]
pub struct WorkerMetrics {
    pub started: Counter,
    /// That ended by themselves, or by somebody else's hand.
    pub died: Counter,
    /// That were ended: they took too long or answered what is no answer.
    pub killed: Counter,
    /// From the question to the answer, of questions that were answered.
    pub run_times: Histogram,
}

impl Default for WorkerMetrics {
    fn default() -> Self {
        WorkerMetrics {
            started: Counter::default(),
            died: Counter::default(),
            killed: Counter::default(),
            run_times: Histogram::of_times(),
        }
    }
}
