//! Why a task stands where it stands, as people and programs read it.

mod json;
pub(super) mod words;

use chrono::NaiveDate;

use super::RulesState;
use crate::domain::explanation::Explanation;
use crate::domain::lang::Lang;

pub use json::ExplanationJson;

/// An explanation together with what it is of.
#[derive(Clone, Debug)]
pub struct Explained {
    pub explanation: Explanation,
    /// Those that the plan is made with.
    pub rules: RulesState,
    /// Of the tasks.
    pub generation: u64,
    pub lang: Lang,
    /// The last day of the plan.
    pub last_day: NaiveDate,
}
