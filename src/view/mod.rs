//! A timeline as people and programs read it: pure functions from values to bytes.

pub mod export;
pub mod json;
pub mod markdown;
pub mod rules;
pub mod settings;
pub mod task;
pub mod text;

use chrono::{DateTime, Utc};

use crate::domain::ids::{Generation, TaskNumber, UserName};
use crate::domain::lang::Lang;
use crate::domain::script::RuleError;
use crate::domain::timeline::Timeline;
use crate::domain::zone::Zone;

/// A timeline together with what it was made from.
#[derive(Clone, Debug)]
pub struct Answer {
    pub user: UserName,
    pub lang: Lang,
    pub zone: Zone,
    pub generation: Generation,
    /// When the generation was committed.
    pub committed_at: DateTime<Utc>,
    /// `None` when every number is used up.
    pub next_number: Option<TaskNumber>,
    pub rules: RulesState,
    pub timeline: Timeline,
}

impl Answer {
    /// The instant from which this answer is valid: the generation's commit or the last boundary,
    /// whichever is later. The same for every rebuild between two boundaries.
    pub fn generated_at(&self) -> DateTime<Utc> {
        self.committed_at.max(self.timeline.valid_from)
    }
}

/// The rule set that a timeline was planned with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesState {
    pub name: String,
    pub source: RulesSource,
    /// Why the rules that should apply did not; the ones named here are then those that took their place.
    pub error: Option<RuleError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesSource {
    Builtin,
    Server,
    User,
}

impl RulesSource {
    pub fn as_str(self) -> &'static str {
        match self {
            RulesSource::Builtin => "builtin",
            RulesSource::Server => "server",
            RulesSource::User => "user",
        }
    }
}
