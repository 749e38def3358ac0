//! The tests that scripts bring with them, for files of rules; those of users are run in workers.

pub use crate::rules::{Outcome, RuleError};
pub use crate::worker::{Report, Tested, run_tests as run};
